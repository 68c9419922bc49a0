import { benchLab } from '../bench-lab.ts';
import { timed } from '../command.ts';
import type { Case } from '../context.ts';
import { medianOf, takeTurns } from '../measure.ts';

/** The built-in playbook on the lab, with nothing left to do. */
export const install: Case = {
  name: 'install',
  title: '`run install` on the seven hosts of the lab, converged',
  async run(bench) {
    const lab = await benchLab(bench);
    const words = [...bench.orch, 'run', 'install', '-i', lab.inventory];
    const converged = async () => {
      const ran = await timed([...words, '--output', 'json']);
      const end = ran.stdout.split('\n').find((line) => line.includes('"type":"run.end"')) ?? '';
      if (!/"changed":0/.test(end) || /"(changed|failed|unknown|unreachable)":[1-9]/.test(end))
        throw new Error(`the lab was not converged: ${end}`);
      return ran;
    };
    const rows = await takeTurns(bench.rounds(9, 3), [
      { who: 'api7-orch run install', run: converged },
      { who: 'api7-orch run install --check', run: () => timed([...words, '--check']) },
    ]);
    return {
      rows,
      verdicts: [
        {
          claim: 'wall time in all',
          value: medianOf(rows, 'api7-orch run install'),
          wanted: 1500,
          sense: 'at most',
          unit: 'ms',
        },
      ],
    };
  },
};
