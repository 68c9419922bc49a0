import { typedLine } from '../../core/base/argv.ts';
import { redact } from '../../core/base/redact.ts';
import type { RunFlags } from './run-flags.ts';

/**
 * Risks that the operator accepts in a run, as command-line words. A host's record cannot accept them for another
 * operator.
 */
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

/** The command that resumes a run from the controller. */
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
