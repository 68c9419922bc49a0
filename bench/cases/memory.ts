import { setTimeout as delay } from 'node:timers/promises';
import { timed } from '../command.ts';
import type { Case } from '../context.ts';
import { floorOn } from '../floor-job.ts';
import { median, type Row } from '../measure.ts';

const COUNT = 500;

/** Peak memory with 500 concurrent connections. */
export const memory: Case = {
  name: 'memory',
  title: 'peak resident memory at 500 connected hosts',
  async run(bench) {
    const fleet = await bench.fleet();
    const hosts = fleet.hosts(COUNT);
    const inventory = fleet.inventory(COUNT);
    const book = new URL('../playbooks/one-directory.ts', import.meta.url).pathname;
    const works: Readonly<Record<string, readonly string[]>> = {
      'api7-orch exec true': [...bench.orch, 'exec', 'all', '-i', inventory, '--', 'true'],
      'api7-orch run, a reading shell on each': [...bench.orch, 'run', book, '-i', inventory, '-f', '50'],
      'bare ssh2, true': floorOn(bench, fleet, { hosts: hosts.map(({ address }) => ({ address, command: 'true' })) }),
    };
    const rows: Row[] = [];
    const notes: string[] = [];
    for (const [who, words] of Object.entries(works)) {
      const peaks: number[] = [];
      for (let round = 0; round < bench.rounds(3, 1); round++) {
        let most = 0;
        const work = timed(words);
        const ended = work.then(
          () => true,
          () => true,
        );
        while (!(await Promise.race([ended, delay(250, false)])))
          most = Math.max(most, fleet.sshd.connections().length);
        peaks.push((await work).peakMb);
        notes.push(`${who}: ${most} processes of the hosts' user in sshd at the same time`);
      }
      rows.push({ who, unit: 'MB', samples: peaks });
    }
    return {
      rows,
      notes,
      verdicts: rows
        .filter(({ who }) => who.startsWith('api7-orch'))
        .map(({ who, samples }) => ({ claim: who, value: median(samples), wanted: 350, sense: 'at most', unit: 'MB' })),
    };
  },
};
