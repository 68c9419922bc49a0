import { formatDuration } from '../../core/base/duration.ts';
import { endedWords } from './ended-words.ts';
import { differs, type Finding, met, type Term } from './finding.ts';
import { QUIT_SECONDS } from './gateway-terms.ts';
import type { Running, Trial } from './trial.ts';

/** Exit code of what the Engine had to kill. */
const KILLED = 137;

/** Sends SIGQUIT while a request is open. `whole`: settles when that request has ended, and says whether its response was complete. */
export async function quitFinding(
  term: Term,
  { clock }: Trial,
  gateway: Running,
  whole: () => Promise<boolean>,
): Promise<Finding> {
  const begun = clock.now();
  const after = (at: number): string => formatDuration(Math.round((at - begun) / 100) * 100);
  const request = whole().then((isWhole) => ({ isWhole, at: clock.now() }));
  const ended = await gateway.stop('SIGQUIT', QUIT_SECONDS);
  const gone = clock.now();
  const { isWhole, at } = await request;
  if (!isWhole) return differs(term, `cuts the request ${after(at)} after SIGQUIT`);
  if (ended.exitCode === KILLED) return differs(term, `has not quit ${QUIT_SECONDS}s after SIGQUIT`);
  if (ended.exitCode !== 0) return differs(term, `ends the request, then ${endedWords(ended)}`);
  return met(term, `request ended after ${after(at)}, quit after ${after(gone)}`);
}
