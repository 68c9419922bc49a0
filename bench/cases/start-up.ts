import { resolve } from 'node:path';
import { timed } from '../command.ts';
import type { Case } from '../context.ts';
import { medianOf, takeTurns } from '../measure.ts';

/** The command's own start-up time, as installed and from its sources. */
export const startUp: Case = {
  name: 'start-up',
  title: '`--help` and `--version`',
  async run(bench) {
    const source = [process.execPath, resolve(import.meta.dirname, '../../src/cli/main.ts')];
    const works: Readonly<Record<string, readonly string[]>> = {
      'node -e 0': [process.execPath, '-e', '0'],
      '--version': [...bench.orch, '--version'],
      '--help': [...bench.orch, '--help'],
      '--version, from its sources': [...source, '--version'],
      '--help, from its sources': [...source, '--help'],
    };
    const rows = await takeTurns(
      bench.rounds(21, 7),
      Object.entries(works).map(([who, words]) => ({ who, run: () => timed(words) })),
    );
    const bare = medianOf(rows, 'node -e 0');
    return {
      rows,
      notes: [
        `the limits of 150 and 100 ms are for a machine where node -e 0 takes 30 ms; here it takes ${bare.toFixed(0)}`,
      ],
      verdicts: [
        {
          claim: '--help, as 5 × node -e 0',
          value: medianOf(rows, '--help') / bare,
          wanted: 5,
          sense: 'at most',
          unit: '×',
        },
        {
          claim: '--version, as 3.3 × node -e 0',
          value: medianOf(rows, '--version') / bare,
          wanted: 100 / 30,
          sense: 'at most',
          unit: '×',
        },
      ],
    };
  },
};
