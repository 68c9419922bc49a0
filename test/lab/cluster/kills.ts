import { describe, expect, test } from 'vitest';
import { all } from '../all.ts';
import { leftovers, MANAGED } from '../samplers/snapshots.ts';
import { daySeed, randomOfDay } from '../scenes/day-seed.ts';
import type { OrchRun } from '../scenes/orch.ts';
import type { LabOf } from './commands.ts';
import { type InstallTimes, killedInstall, momentAt, timedInstall } from './kill-moment.ts';

/** Kills of one install: the run that resumes after a kill is killed at a later moment. */
const IN_A_ROW = all ? 4 : 2;

/** First installs that are killed once each: their number is API7_ORCH_KILLS, or the full number with API7_ORCH_ALL. */
const SINGLE = Number(process.env.API7_ORCH_KILLS ?? (all ? 20 : 0));

// No clients are connected: api7-orch cannot compare a resumed gateway with its peers, and need not.
const WITHOUT_OPERATOR = ['--on-hold', 'go'];

/** One moment in each equal part of the run, so that each part has a kill. */
const shares = (count: number, random: () => number) => Array.from({ length: count }, (_, i) => (i + random()) / count);

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Installs of bare hosts that end early: the next run must resume. */
export function kills(lab: LabOf, times: InstallTimes): void {
  const seed = daySeed();
  const inARow = shares(IN_A_ROW, randomOfDay(seed));
  const single = shares(SINGLE, randomOfDay(seed));
  const again =
    `API7_ORCH_SEED=${seed} ${SINGLE > 0 ? `API7_ORCH_KILLS=${SINGLE} ` : ''}` +
    'npx vitest run --project lab test/lab/cluster.test.ts -t kills';

  /** An uninterrupted run must converge, and leave no temporary files. */
  async function converges(reported: string): Promise<readonly number[]> {
    const { run, ends } = await timedInstall(lab(), ...WITHOUT_OPERATOR);
    expect({ reported, code: run.code, errors: run.end?.errors }).toEqual({ reported, code: 0, errors: [] });
    for (const host of MANAGED) expect(run.end?.hosts[host]).toMatchObject({ failed: 0, unreachable: 0 });
    expect(await leftovers(lab())).toEqual({});
    return ends;
  }

  /** Bare hosts. Kills that run alone first need one whole install. */
  async function begin(): Promise<void> {
    await lab().reset();
    if (times.ends.length > 0) return;
    times.ends = await converges('not killed');
    await lab().reset();
  }

  async function kill(share: number): Promise<OrchRun> {
    const killed = await killedInstall(lab(), momentAt(share, times.ends), ...WITHOUT_OPERATOR);
    const reported = `kill at ${percent(share)}`;
    // A run that ends by itself has failed on the remains of an earlier kill. Only at its very end may it be done before.
    expect({ reported, errors: killed.end?.errors ?? [] }).toEqual({ reported, errors: [] });
    if (share < 0.9) expect({ reported, code: killed.code }).toEqual({ reported, code: null });
    return killed;
  }

  describe('kills', () => {
    test(`killed ${IN_A_ROW} times in a row, an install converges and leaves no remains`, async () => {
      const reported = `killed at ${inARow.map(percent).join(', ')}, ${seed}`;
      process.stderr.write(`${reported}; the same again: ${again}\n`);
      await begin();
      for (const share of inARow) await kill(share);
      await converges(reported);
    });

    test.each(single.map((share, i) => ({ number: i + 1, share })))(
      'killed at moment $number of a first install, the next run converges and leaves no remains',
      async ({ share }) => {
        await begin();
        const { code } = await kill(share);
        await converges(`killed at ${percent(share)} (exit ${code}), ${seed}`);
      },
    );
  });
}
