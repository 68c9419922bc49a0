import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './context.ts';
import type { Fleet } from './fleet.ts';

/** A job for the bare loop. */
export interface FloorJob {
  readonly port: number;
  readonly user: string;
  readonly identityFile: string;
  /** `ssh-ed25519 AAAA…`, the same for all hosts. */
  readonly hostKey: string;
  readonly forks: number;
  readonly hosts: readonly {
    readonly address: string;
    /** Must succeed; without it the loop only connects. */
    readonly command?: string;
  }[];
}

let jobs = 0;

/** Command line of a job with bare ssh2. */
export function floorOn(
  bench: Bench,
  fleet: Fleet,
  job: Pick<FloorJob, 'hosts'> & Partial<FloorJob>,
): readonly string[] {
  const { user, identityFile, port } = fleet.sshd;
  const file = join(bench.work, `floor-${++jobs}.json`);
  const whole: FloorJob = { user, identityFile, port, hostKey: fleet.sshd.hostKey(), forks: 50, ...job };
  writeFileSync(file, JSON.stringify(whole));
  return [...bench.floor('ssh2'), file];
}
