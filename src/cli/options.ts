import { type Command, Help, Option } from 'commander';

/** Options of every verb that runs a playbook, and one of the verb itself. */
export const withRunOptions = (command: Command, own: Option): Command =>
  withLogin(
    command
      .addOption(inventoryOption())
      .option('-C, --check', 'check mode: show planned changes, make none')
      .option('-D, --diff', 'show changes as diffs')
      .addOption(own)
      .option('-f, --forks <n>', 'hosts processed in parallel', '20')
      .addOption(varsOption('set a variable; repeatable; also accepts a JSON object'))
      .addOption(outputOption())
      .option('-v, --verbose', 'also list tasks without changes'),
  )
    .option('--include-held', 'also change held nodes; they stay held')
    .option('--skip-unreachable', 'skip unreachable hosts; they count as unavailable (exit code 3)')
    .addOption(withoutLbOption('ignore this balancer because it is down; requires --reason; repeatable'))
    .option('--reason <text>', 'why a balancer is ignored; recorded with the run')
    .option('--yes-outage <cluster>', 'accept that a pool of this cluster has no serving node')
    .addOption(lockWaitOption())
    .addOption(onHoldOption())
    .addOption(onFailureOption());
/** Leaves the options about drains out of the help: the verb drains no node. They are accepted. */
export function withoutDrainOptions(command: Command): Command {
  for (const option of command.options) if (OF_DRAINS.has(option.long ?? '')) option.hideHelp();
  return command;
}
const OF_DRAINS: ReadonlySet<string> = new Set([
  '--include-held',
  '--without-lb',
  '--reason',
  '--yes-outage',
  '--on-hold',
  '--on-failure',
]);
export const limitOption = (): Option =>
  new Option('-l, --limit <pattern>', "limit the run to these hosts: gw-1, 'all:!gw-3'");
/** Login options of every verb that connects. */
export const withLogin = (command: Command): Command =>
  command.addOption(acceptOption()).addOption(askPassOption()).addOption(askBecomePassOption());
/** Options of every verb that reads hosts and prints one report. */
export const withReport = (command: Command, what = 'hosts'): Command =>
  withLogin(command.option('-f, --forks <n>', `${what} processed in parallel`, '50').addOption(tableOption()));
const onHoldOption = (): Option =>
  new Option('--on-hold <answer>', 'when the run is on hold: ask at the terminal, go (answer yes) or stop (answer no)')
    .choices(['ask', 'go', 'stop'])
    .default('ask');
const onFailureOption = (): Option =>
  new Option('--on-failure <action>', 'a node whose change fails goes back to what it ran before, or stays drained')
    .choices(['rollback-node', 'stop'])
    .default('rollback-node');
export const lockWaitOption = (): Option =>
  new Option('--lock-wait <duration>', 'wait this long for another run that holds the lock of a host').default('0s');
export const inventoryOption = (): Option => optionalInventoryOption().makeOptionMandatory();
export const optionalInventoryOption = (): Option =>
  new Option('-i, --inventory <file>', 'inventory file').env('API7_ORCH_INVENTORY');
export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'output format (default: tty on a terminal, otherwise plain)').choices([
    'tty',
    'plain',
    'json',
  ]);
export const tableOption = (): Option =>
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
export const varsOption = (text: string): Option => listOption('-e, --extra-vars <key=value>', text);
export const withoutLbOption = (text: string): Option => listOption('--without-lb <host>', text);
/** Containers whose owner has let them go. */
export const unmanagedOption = (): Option =>
  listOption(
    '--unmanaged <container>',
    'accept this container: no compose project or systemd unit starts it any more; repeatable',
  );
/** The flags of adoption, as variables of the playbook. */
export const adoptionVars = (adopt: boolean | undefined, unmanaged: readonly string[]): readonly string[] => [
  ...(adopt === true ? ['adopt=true'] : []),
  ...(unmanaged.length === 0 ? [] : [`unmanaged=${unmanaged.join(',')}`]),
];
const listOption = (flags: string, text: string): Option => new Option(flags, text).argParser(collect).default([]);
/** An empty list as a default is no information. */
export function withoutEmptyDefault(option: Option): string {
  const isEmpty = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  const shown: Option = isEmpty ? Object.assign(Object.create(option), { defaultValue: undefined }) : option;
  return new Help().optionDescription(shown);
}

/** A command with its arguments. That it has options is known: without the word there is room for the description. */
export const commandTerm = (command: Command): string =>
  [
    command.name(),
    ...command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${name}>` : `[${name}]`;
    }),
  ].join(' ');

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
