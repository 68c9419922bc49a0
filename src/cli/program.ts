import { Command, Option } from 'commander';
import { version } from './version.ts';

/** The only composition root. Every verb's code is imported when that verb runs, so that --help costs nothing. */
function program(): Command {
  const root = new Command('api7-orch')
    .description('Install and run API7 Gateway in high availability on plain hosts, over SSH.')
    .version(version(), '-V, --version')
    .showHelpAfterError('(see api7-orch --help)')
    .showSuggestionAfterError();

  root
    .command('run <playbook>')
    .description('carry out a playbook: a name (./playbooks, then built in) or a path to a .ts file')
    .addOption(inventoryOption())
    .option('-C, --check', 'show what would change, change nothing')
    .option('-D, --diff', 'show changed files as diffs')
    .option('-l, --limit <pattern>', 'only these hosts')
    .option('-f, --forks <n>', 'hosts worked on at the same time', '20')
    .option('-e, --extra-vars <key=value>', 'set a variable; may be repeated; JSON objects are taken too', collect, [])
    .addOption(outputOption())
    .option('-v, --verbose', 'list tasks that are ok, too')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .option('--include-held', 'change nodes, too, that somebody else took out of traffic; they stay out')
    .option('--skip-unreachable', 'leave out hosts that cannot be reached; they count as unavailable (exit code 3)')
    .option('--without-lb <host>', 'go on without this balancer, which is gone; needs --reason', collect, [])
    .option('--reason <text>', 'why, for the record')
    .option('--yes-outage <cluster>', 'yes, leave a pool of this cluster without a node that serves')
    .addOption(
      new Option('--on-hold <answer>', 'when a person must decide: ask at the terminal, go on, or stop')
        .choices(['ask', 'go', 'stop'])
        .default('ask'),
    )
    .action(async (playbook, options) => exit(await (await import('./run/run.ts')).run(playbook, options)));

  root
    .command('exec <pattern> [command...]')
    .description('run a command on hosts, all at once: api7-orch exec data_plane -i prod.yaml -- uptime')
    .addOption(inventoryOption())
    .option('-b, --become', 'run it as root')
    .option('-f, --forks <n>', 'hosts at the same time', '50')
    .option('-t, --timeout <duration>', 'end it after this long', '10m')
    .option('-e, --extra-vars <key=value>', 'set a variable; may be repeated', collect, [])
    .addOption(outputOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, words, options) => exit(await (await import('./exec.ts')).exec(pattern, words, options)));

  root
    .command('status [pattern]')
    .description('how the services of the control plane and the gateways are, and how their balancers treat them')
    .addOption(inventoryOption())
    .option('--exit-code', 'end with 3 when anything is not well')
    .option('-f, --forks <n>', 'hosts looked at at the same time', '50')
    .addOption(tableOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, options) =>
      exit(await (await import('./status/status.ts')).status(pattern ?? 'all', options)),
    );

  const lb = root.command('lb').description('look at the load balancers, and take nodes out of their traffic by hand');
  lb.command('status [pattern]')
    .description('what every balancer shows of every member, and who keeps it out of traffic')
    .addOption(inventoryOption())
    .option('-f, --forks <n>', 'balancers looked at at the same time', '50')
    .addOption(tableOption())
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (pattern, options) =>
      exit(await (await import('./lb/status.ts')).lbStatus(pattern ?? 'all', options)),
    );
  lb.command('drain <nodes...>')
    .description('take nodes out of traffic on all their balancers, on record, and wait until nothing runs there')
    .addOption(inventoryOption())
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--no-wait', 'do not wait until nothing runs there')
    .option('--yes-outage <cluster>', 'yes, leave a pool of this cluster without a node that serves')
    .option('--without-lb <host>', 'go on without this balancer, which is gone', collect, [])
    .option('-f, --forks <n>', 'balancers worked on at the same time', '20')
    .addOption(outputOption())
    .option('-v, --verbose', 'list tasks that are ok, too')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (nodes, options) => exit(await (await import('./lb/drain.ts')).lbDrain(nodes, options)));
  lb.command('restore [nodes...]')
    .description('give nodes back to their balancers as the record of their drain says; no node is connected to')
    .addOption(inventoryOption())
    .option('--all', 'every node that is on record')
    .option('-f, --forks <n>', 'balancers worked on at the same time', '20')
    .addOption(outputOption())
    .option('-v, --verbose', 'list tasks that are ok, too')
    .addOption(acceptOption())
    .addOption(askPassOption())
    .addOption(askBecomePassOption())
    .action(async (nodes, options) => exit(await (await import('./lb/restore.ts')).lbRestore(nodes, options)));

  const inventory = root.command('inventory').description('look at an inventory; connects to nothing');
  inventory
    .command('list [pattern]')
    .description('hosts with their addresses and groups')
    .addOption(inventoryOption())
    .option('--json', 'as JSON')
    .action(async (pattern, options) => exit(await (await import('./inventory.ts')).list(pattern ?? 'all', options)));
  inventory
    .command('validate')
    .description('check everything that can be checked without a connection')
    .addOption(inventoryOption())
    .action(async (options) => exit(await (await import('./inventory.ts')).validate(options)));
  inventory
    .command('schema')
    .description('print the JSON Schema, for completion in editors')
    .action(async () => exit(await (await import('./inventory.ts')).schema()));
  return root;
}

const inventoryOption = (): Option =>
  new Option('-i, --inventory <file>', 'the inventory').env('API7_ORCH_INVENTORY').makeOptionMandatory();
const outputOption = (): Option =>
  new Option('-o, --output <form>', 'default: tty on a terminal, else plain').choices(['tty', 'plain', 'json']);
const tableOption = (): Option => new Option('-o, --output <form>', 'default: table').choices(['table', 'json']);
const acceptOption = (): Option =>
  new Option(
    '--accept-new-host-keys',
    'add the keys of hosts that known_hosts does not know; a changed key is still refused',
  );
const askPassOption = (): Option =>
  new Option('-k, --ask-pass', 'ask for the SSH password of hosts that have none in the inventory');
const askBecomePassOption = (): Option =>
  new Option('-K, --ask-become-pass', 'ask for the sudo password of hosts that have none in the inventory');
const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

function exit(code: number): void {
  process.exitCode = code;
}

/** Carries out the command line of this process. */
export async function main(): Promise<void> {
  const root = program();
  root.exitOverride();
  for (const command of root.commands) for (const each of [command, ...command.commands]) each.exitOverride();
  try {
    await root.parseAsync();
  } catch (error) {
    const { report } = await import('./report.ts');
    process.exitCode = report(error, process.stderr);
  }
}
