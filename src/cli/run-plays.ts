import { defined } from '../core/base/data.ts';
import type { LocalFiles } from '../core/task/local-files.ts';
import { Locals } from '../engine/plan/locals.ts';
import type { RunContext } from '../engine/roll/run-context.ts';
import { runPlaybook } from '../engine/run-playbook.ts';
import { cacheDirectory } from '../local/cache-directory.ts';
import { factCache } from '../local/fact-cache.ts';
import { localFiles } from '../local/local-files.ts';
import type { Session } from './session.ts';

type Options = Omit<RunContext, 'hosts' | 'locals' | 'clock' | 'forks' | 'signal' | 'urgent' | 'emit'> &
  Partial<Pick<RunContext, 'emit'>>;

/** The controller's files for one run. */
export const runFiles = (): LocalFiles => localFiles(factCache(cacheDirectory()));

/** Runs plays with the connections of a session. @returns the exit code */
export async function runPlays(
  { hosts, clock, forks, signal, urgent, emit, locks: held }: Session,
  options: Options,
  playbook: Parameters<typeof runPlaybook>[1],
  files = runFiles(),
): Promise<number> {
  const locals = new Locals(files);
  const report = await runPlaybook(
    { hosts, locals, clock, forks, signal, urgent, emit, ...defined({ locks: held }), ...options },
    playbook,
  );
  return report.exitCode;
}
