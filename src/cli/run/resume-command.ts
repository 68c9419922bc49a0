import { typedLine } from '../../core/base/argv.ts';
import { redact } from '../../core/base/redact.ts';
import type { RunFlags } from './run-flags.ts';

/** What the operator accepts in a run, as words of the command line. A record on a host cannot accept it for another operator. */
export function acceptedWords(flags: RunFlags): string[] {
  const { includeHeld, skipUnreachable, withoutLb, reason, yesOutage, onHold, onFailure } = flags;
  return [
    ...(includeHeld === true ? ['--include-held'] : []),
    ...(skipUnreachable === true ? ['--skip-unreachable'] : []),
    ...withoutLb.flatMap((host) => ['--without-lb', host]),
    ...(reason === undefined ? [] : ['--reason', redact(reason)]),
    ...(yesOutage === undefined ? [] : ['--yes-outage', yesOutage]),
    ...(onHold === 'ask' ? [] : ['--on-hold', onHold]),
    ...(onFailure === undefined || onFailure === 'rollback-node' ? [] : ['--on-failure', onFailure]),
  ];
}

/** The command that resumes a run from this machine. */
export const resumeCommand = (
  run: string,
  flags: RunFlags,
  { file, withheld }: { readonly file?: string | undefined; readonly withheld: readonly string[] },
): string =>
  typedLine([
    'api7-orch',
    'resume',
    run,
    '-i',
    flags.inventory,
    ...(file === undefined ? [] : ['--playbook', file]),
    ...withheld.flatMap((name) => ['-e', `${name}=…`]),
    ...acceptedWords(flags),
  ]);
