import { Command, Help, Option } from 'commander';
import { exitCodeFor, watchUncaught } from './uncaught.ts';
import { version } from './version.ts';

/** The only composition root. Every verb's code is imported when that verb runs, so that --help costs nothing. */
function program(): Command {
  const root = new Command('api7-orch')
    .description('Install and operate API7 Gateway in high availability over SSH.')
    .version(version(), '-V, --version')
    .configureHelp({ optionDescription: withoutEmptyDefault })
    .showHelpAfterError('(see api7-orch --help)')
    .showSuggestionAfterError();

  withRunOptions(root.command('run <playbook>'), new Option('-l, --limit <pattern>', 'limit the run to these hosts'))
    .description('run a playbook, by name (./playbooks, then built-in) or path to a .ts file')
    .action(async (playbook, options) => exit(await (await import('./run/run.ts')).run(playbook, options)));

  withRunOptions(root.command('rollback [pattern]'), new Option('--to <version>', 'version that the nodes ran before'))
    .description('list the versions that nodes can go back to; with hosts and --to, roll them back')
    .action(async (pattern, options) =>
      exit(await (await import('./rollback/rollback.ts')).rollback(pattern, options)),
    );

  root
    .command('exec <pattern> [command...]')
    .description('run a command on many hosts in parallel: api7-orch exec data_plane -i prod.yaml -- uptime')
    .addOption(inventoryOption())
    .option('-b, --become', 'run the command as root')
    .option('-f, --forks <n>', 'hosts processed in parallel', '50')
    .option('-t, --timeout <duration>', 'stop the command after this time', '10m')
    .addOption(varsOption('set a variable; repeatable'))
    .addOption(outputOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, words, options) => exit(await (await import('./exec.ts')).exec(pattern, words, options)));

  root
    .command('status [pattern]')
    .description('show versions, health and traffic of gateways and control plane')
    .addOption(inventoryOption())
    .option('--exit-code', 'exit with 3 if any service is unhealthy')
    .option('-f, --forks <n>', 'hosts processed in parallel', '50')
    .addOption(tableOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, options) =>
      exit(await (await import('./status/status.ts')).status(pattern ?? 'all', options)),
    );

  const lb = root.command('lb').description('show load balancer state; drain and restore nodes; find what runs left');
  lb.command('status [pattern]')
    .description("show each member's state on each balancer, and who holds it")
    .addOption(inventoryOption())
    .option('-f, --forks <n>', 'balancers processed in parallel', '50')
    .addOption(tableOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, options) =>
      exit(await (await import('./lb/status.ts')).lbStatus(pattern ?? 'all', options)),
    );
  lb.command('drain <nodes...>')
    .description('drain nodes on all their balancers and wait until they have no sessions')
    .addOption(inventoryOption())
    .requiredOption('--reason <text>', 'reason; stored in the lease')
    .option('--no-wait', 'do not wait for sessions to end')
    .option('--yes-outage <cluster>', 'accept that a pool of this cluster has no serving node')
    .addOption(withoutLbOption('ignore this balancer because it is down; repeatable'))
    .option('-f, --forks <n>', 'balancers processed in parallel', '20')
    .addOption(outputOption())
    .option('-v, --verbose', 'also list tasks without changes')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (nodes, options) => exit(await (await import('./lb/drain.ts')).lbDrain(nodes, options)));
  lb.command('restore [nodes...]')
    .description('restore drained nodes to their previous balancer settings (connects to balancers only)')
    .addOption(inventoryOption())
    .option('--all', 'all nodes that have a lease')
    .option('-f, --forks <n>', 'balancers processed in parallel', '20')
    .addOption(outputOption())
    .option('-v, --verbose', 'also list tasks without changes')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (nodes, options) => exit(await (await import('./lb/restore.ts')).lbRestore(nodes, options)));

  lb.command('doctor')
    .description('show what earlier runs left: leases, lost drains, locks, temporary files; --fix repairs it')
    .addOption(inventoryOption())
    .option('--fix', 'restore nodes that are ready, one by one; remove expired locks and leftovers')
    .addOption(lockWaitOption())
    .option('-f, --forks <n>', 'hosts processed in parallel', '50')
    .addOption(tableOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (options) => exit(await (await import('./lb/doctor.ts')).lbDoctor(options)));

  const lock = root.command('lock').description('show which runs lock hosts; ask them to stop');
  lock
    .command('show [pattern]')
    .description('show who locks each host, since when, and the last sign of life')
    .addOption(inventoryOption())
    .option('-f, --forks <n>', 'hosts processed in parallel', '50')
    .addOption(tableOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, options) =>
      exit(await (await import('./lock/show.ts')).lockShow(pattern ?? 'all', options)),
    );
  lock
    .command('break [pattern]')
    .description('ask the runs that lock these hosts to stop at a safe point, and wait for that')
    .addOption(inventoryOption())
    .requiredOption('--reason <text>', 'reason; the run shows it')
    .option('--now', 'end the runs at once: nodes may stay drained')
    .option('--wait <duration>', 'how long the runs are waited for', '10m')
    .option('-f, --forks <n>', 'hosts processed in parallel', '50')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, options) =>
      exit(await (await import('./lock/break.ts')).lockBreak(pattern ?? 'all', options)),
    );

  const inventory = root.command('inventory').description('inspect an inventory (offline)');
  inventory
    .command('list [pattern]')
    .description('list hosts with address, SSH route and groups')
    .addOption(inventoryOption())
    .option('--json', 'as JSON')
    .action(async (pattern, options) => exit(await (await import('./inventory.ts')).list(pattern ?? 'all', options)));
  inventory
    .command('validate')
    .description('validate an inventory (offline)')
    .addOption(inventoryOption())
    .action(async (options) => exit(await (await import('./inventory.ts')).validate(options)));
  inventory
    .command('schema')
    .description('print the JSON Schema for editor completion')
    .action(async () => exit(await (await import('./inventory.ts')).schema()));
  return root;
}

/** Options of every verb that runs a playbook, and one of its own. */
const withRunOptions = (command: Command, own: Option): Command =>
  command
    .addOption(inventoryOption())
    .option('-C, --check', 'check mode: show planned changes, make none')
    .option('-D, --diff', 'show changes as diffs')
    .addOption(own)
    .option('-f, --forks <n>', 'hosts processed in parallel', '20')
    .addOption(varsOption('set a variable; repeatable; also accepts a JSON object'))
    .addOption(outputOption())
    .option('-v, --verbose', 'also list tasks without changes')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .option('--include-held', 'also change held nodes; they stay held')
    .option('--skip-unreachable', 'skip unreachable hosts; they count as unavailable (exit code 3)')
    .addOption(withoutLbOption('ignore this balancer because it is down; requires --reason; repeatable'))
    .option('--reason <text>', 'reason')
    .option('--yes-outage <cluster>', 'accept that a pool of this cluster has no serving node')
    .addOption(lockWaitOption())
    .addOption(onHoldOption())
    .addOption(onFailureOption());
const onHoldOption = (): Option =>
  new Option('--on-hold <answer>', 'when the run is on hold: ask at the terminal, go (answer yes) or stop (answer no)')
    .choices(['ask', 'go', 'stop'])
    .default('ask');
const onFailureOption = (): Option =>
  new Option('--on-failure <action>', 'a node whose change fails goes back to what it ran before, or stays drained')
    .choices(['rollback-node', 'stop'])
    .default('rollback-node');
const lockWaitOption = (): Option =>
  new Option('--lock-wait <duration>', 'wait this long for another run that holds the lock of a host').default('0s');
const inventoryOption = (): Option =>
  new Option('-i, --inventory <file>', 'inventory file').env('API7_ORCH_INVENTORY').makeOptionMandatory();
const outputOption = (): Option =>
  new Option('-o, --output <format>', 'output format (default: tty on a terminal, otherwise plain)').choices([
    'tty',
    'plain',
    'json',
  ]);
const tableOption = (): Option =>
  new Option('-o, --output <format>', 'output format (default: table)').choices(['table', 'json']);
const acceptOption = (): Option =>
  new Option(
    '--accept-new-host-keys',
    'trust and save host keys missing from known_hosts; changed keys are still refused',
  );
const askPassOption = (): Option =>
  new Option('-k, --ask-pass', 'prompt for the SSH password of hosts without one in the inventory');
const askBecomePassOption = (): Option =>
  new Option('-K, --ask-become-pass', 'prompt for the sudo password of hosts without one in the inventory');
const varsOption = (text: string): Option => listOption('-e, --extra-vars <key=value>', text);
const withoutLbOption = (text: string): Option => listOption('--without-lb <host>', text);
const listOption = (flags: string, text: string): Option => new Option(flags, text).argParser(collect).default([]);
/** An empty list as a default says nothing to the reader. */
function withoutEmptyDefault(option: Option): string {
  const isEmpty = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  const shown: Option = isEmpty ? Object.assign(Object.create(option), { defaultValue: undefined }) : option;
  return new Help().optionDescription(shown);
}
const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

function exit(code: number): void {
  process.exitCode = exitCodeFor(code);
}

/** Carries out the command line of this process. */
export async function main(): Promise<void> {
  watchUncaught(process.stderr);
  // A write to a pipe or a terminal that is gone fails later, without anything that waits for it: it must not end the run.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const root = program();
  root.exitOverride();
  for (const command of root.commands) for (const each of [command, ...command.commands]) each.exitOverride();
  try {
    await root.parseAsync();
  } catch (error) {
    const { report } = await import('./report.ts');
    exit(report(error, process.stderr));
  }
}
