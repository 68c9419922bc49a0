import type { Argument, Command } from 'commander';

/** In the order of their use. Playbooks with a verb of their own (`rollback`, `adopt forget`) are left out. */
export const BUILT_IN = ['install', 'rolling-restart', 'control-plane-restart', 'stop', 'start'] as const;

const HOSTS = "names, groups or globs: gw-1, data_plane, 'gw-*', 'all:!gw-3'";

const TEXTS: Readonly<Record<string, string>> = {
  playbook: `built in: ${BUILT_IN.join(', ')}; or the name of one in ./playbooks; or a path to a .ts file`,
  pattern: `hosts, by ${HOSTS}`,
  nodes: `members of pools, by ${HOSTS}`,
  run: 'id of the run, or its first characters; runs list -i shows it',
  command: 'the command and its arguments, after --',
};

/**
 * Explains the arguments of all commands in their help, by the name of the argument. After a mistake the operator is
 * sent to the help of that command.
 */
export function explainArguments(command: Command, path = command.name()): void {
  command.showHelpAfterError(`(see ${path} --help)`);
  for (const argument of command.registeredArguments)
    argument.description = `${TEXTS[argument.name()] ?? ''}${defaultOf(command, argument)}`;
  for (const each of command.commands) explainArguments(each, `${path} ${each.name()}`);
}

/** Without hosts `rollback` only lists. */
const defaultOf = (command: Command, argument: Argument): string =>
  argument.name() === 'pattern' && !argument.required && command.name() !== 'rollback' ? ' (default: all)' : '';
