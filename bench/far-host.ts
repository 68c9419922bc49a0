import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timed } from './command.ts';
import type { Bench } from './context.ts';
import type { FloorJob } from './floor-job.ts';
import { median, type Outcome, type Row } from './measure.ts';
import { type Passage, startRelay } from './relay.ts';

/** Added to each direction, so that a round trip takes 50 ms longer. */
export const HELD_MS = 25;

export interface FarHost {
  /** Printed name: how the host is reached. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly login: Pick<FloorJob, 'user' | 'identityFile' | 'hostKey'>;
  /** Command line of the converged work, for the relay's port. */
  work(port: number): readonly string[];
  /** Expected round trips beyond the handshake. */
  readonly wanted: number;
}

/**
 * Puts a host behind a delay and measures what a converged run costs beyond a bare handshake: by the relay's count, and
 * by the additional time compared with a run without delay.
 */
export async function farHost(bench: Bench, host: FarHost): Promise<Outcome> {
  await using relay = await startRelay(host);
  const job = join(bench.work, `handshake-${relay.port}.json`);
  const whole: FloorJob = { ...host.login, port: relay.port, forks: 1, hosts: [{ address: host.address }] };
  writeFileSync(job, JSON.stringify(whole));
  const works = { handshake: [...bench.floor('ssh2'), job], run: host.work(relay.port) };
  const seen = { handshake: [] as Passage[], run: [] as Passage[] };
  const times = {
    handshake: { near: [] as number[], far: [] as number[] },
    run: { near: [] as number[], far: [] as number[] },
  };
  for (let round = 0; round < bench.rounds(7, 3); round++) {
    for (const who of ['handshake', 'run'] as const) {
      for (const held of ['near', 'far'] as const) {
        relay.hold(held === 'far' ? HELD_MS : 0);
        relay.taken();
        times[who][held].push((await timed(works[who])).ms);
        const passages = relay.taken();
        if (passages.length !== 1) throw new Error(`${host.name}: ${passages.length} connections, not one`);
        // Counted with the delay: bytes that travel together are certain to arrive together then.
        if (held === 'far') seen[who].push(...passages);
      }
    }
  }
  const trips = (who: 'handshake' | 'run'): readonly number[] => seen[who].map((passage) => passage.trips);
  // Of the quickest runs: other load on the machine only adds time.
  const added = (who: 'handshake' | 'run'): number =>
    (Math.min(...times[who].far) - Math.min(...times[who].near)) / (2 * HELD_MS);
  const beyond = { count: median(trips('run')) - median(trips('handshake')), time: added('run') - added('handshake') };
  bench.note(`${host.name}: ${beyond.count} round trips, ${beyond.time.toFixed(1)} by time`);
  const rows: Row[] = [
    { who: `${host.name}: bare handshake`, unit: 'round trips', samples: trips('handshake') },
    { who: `${host.name}: converged run`, unit: 'round trips', samples: trips('run') },
    { who: `${host.name}: bare handshake, by time`, unit: 'round trips', samples: [added('handshake')] },
    { who: `${host.name}: converged run, by time`, unit: 'round trips', samples: [added('run')] },
    { who: `${host.name}: converged run, 50 ms away`, unit: 'ms', samples: times.run.far },
  ];
  return {
    rows,
    notes: [
      `${host.name}: direction changes: ${seen.handshake.map(({ turns }) => turns).join(', ')} in the handshake, ${seen.run.map(({ turns }) => turns).join(', ')} in the run`,
    ],
    verdicts: [
      {
        claim: `${host.name}: beyond the handshake, counted`,
        value: beyond.count,
        wanted: host.wanted,
        sense: 'at most',
        unit: 'round trips',
      },
      // A fraction of a round trip is noise of two timed processes.
      {
        claim: `${host.name}: beyond the handshake, by time`,
        value: beyond.time,
        wanted: host.wanted + 0.5,
        sense: 'at most',
        unit: 'round trips',
      },
    ],
  };
}
