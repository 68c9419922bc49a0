import { OrchError } from '../../core/base/errors.ts';
import type { Trial } from './trial.ts';

const PAUSE_MS = 200;

/** Checks repeatedly until the condition holds. @returns whether it held in time @throws OrchError INTERRUPTED */
export async function until(
  { clock, signal }: Pick<Trial, 'clock' | 'signal'>,
  withinMs: number,
  look: () => Promise<boolean>,
): Promise<boolean> {
  const end = clock.now() + withinMs;
  for (;;) {
    if (signal.aborted) throw new OrchError('INTERRUPTED', 'interrupted');
    if (await look()) return true;
    if (clock.now() >= end) return false;
    await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
  }
}
