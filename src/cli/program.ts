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
    .action(async (playbook, options) => exit(await (await import('./run.ts')).run(playbook, options)));

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
