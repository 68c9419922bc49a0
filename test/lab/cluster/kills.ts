import { describe, expect, test } from 'vitest';
import { all } from '../all.ts';
import { leftovers, MANAGED } from '../samplers/snapshots.ts';
import { daySeed, randomOfDay } from '../scenes/day-seed.ts';
import type { OrchRun } from '../scenes/orch.ts';
import type { LabOf } from './commands.ts';
import { type InstallTimes, killedInstall, momentAt, timedInstall } from './kill-moment.ts';

/** Kills of one install: the run that resumes after a kill is killed at a later moment. */
const IN_A_ROW = all ? 4 : 2;

/** First installs that are killed once each: API7_ORCH_KILLS says how many, else API7_ORCH_ALL that all are wanted. */
const SINGLE = Number(process.env.API7_ORCH_KILLS ?? (all ? 20 : 0));

// No clients are connected: api7-orch cannot compare a resumed gateway with its peers, and need not.
const UNWATCHED = ['--on-hold', 'go'];

/** One moment in each equal part of the run, so that no part of it is left out. */
const shares = (count: number, random: () => number) => Array.from({ length: count }, (_, i) => (i + random()) / count);

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Installs of bare hosts that end in the middle: the next run has to resume. */
export function kills(lab: LabOf, times: InstallTimes): void {
  const seed = daySeed();
  const inARow = shares(IN_A_ROW, randomOfDay(seed));
  const single = shares(SINGLE, randomOfDay(seed));
  const again =
    `API7_ORCH_SEED=${seed} ${SINGLE > 0 ? `API7_ORCH_KILLS=${SINGLE} ` : ''}` +
    'npx vitest run --project lab test/lab/cluster.test.ts -t kills';

  /** A run that nothing interrupts has to converge, and leave nothing behind. */
  async function converges(told: string): Promise<readonly number[]> {
    const { run, ends } = await timedInstall(lab(), ...UNWATCHED);
    expect({ told, code: run.code, errors: run.end?.errors }).toEqual({ told, code: 0, errors: [] });
    for (const host of MANAGED) expect(run.end?.hosts[host]).toMatchObject({ failed: 0, unreachable: 0 });
    expect(await leftovers(lab())).toEqual({});
    return ends;
  }

  /** Bare hosts. Kills that are run alone have to see a whole install before. */
  async function begin(): Promise<void> {
    await lab().reset();
    if (times.ends.length > 0) return;
    times.ends = await converges('not killed');
    await lab().reset();
  }

  async function kill(share: number): Promise<OrchRun> {
    const killed = await killedInstall(lab(), momentAt(share, times.ends), ...UNWATCHED);
    const told = `kill at ${percent(share)}`;
    // A run that ends by itself has failed on what an earlier kill left. Only at its very end may it be done before.
    expect({ told, errors: killed.end?.errors ?? [] }).toEqual({ told, errors: [] });
    if (share < 0.9) expect({ told, code: killed.code }).toEqual({ told, code: null });
    return killed;
  }

  describe('kills', () => {
    test(`killed ${IN_A_ROW} times on its way, an install converges and leaves nothing behind`, async () => {
      const told = `killed at ${inARow.map(percent).join(', ')}, ${seed}`;
      process.stderr.write(`${told}; the same again: ${again}\n`);
      await begin();
      for (const share of inARow) await kill(share);
      await converges(told);
    });

    test.each(single.map((share, i) => ({ number: i + 1, share })))(
      'killed at moment $number of a first install, the next run converges and leaves nothing behind',
      async ({ share }) => {
        await begin();
        const { code } = await kill(share);
        await converges(`killed at ${percent(share)} (exit ${code}), ${seed}`);
      },
    );
  });
}
