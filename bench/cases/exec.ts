import { ansible } from '../ansible.ts';
import { timed } from '../command.ts';
import type { Bench, Case } from '../context.ts';
import { floorOn } from '../floor-job.ts';
import { medianOf, type Outcome, type Row, takeTurns, type Verdict } from '../measure.ts';

/** `true` on 50 and on 200 hosts, without open connections. */
export const exec: Case = {
  name: 'exec',
  title: '`exec true`, from cold',
  async run(bench) {
    const few = await execOn(bench, 50, true);
    const many = await execOn(bench, 200, false);
    return { rows: [...few.rows, ...many.rows], verdicts: [...few.verdicts, ...many.verdicts] };
  },
};

async function execOn(bench: Bench, count: number, withAnsible: boolean): Promise<Outcome> {
  const fleet = await bench.fleet();
  const hosts = fleet.hosts(count);
  const inventory = fleet.inventory(count);
  const floor = floorOn(bench, fleet, { hosts: hosts.map(({ address }) => ({ address, command: 'true' })) });
  const named = (who: string): string => `${who}, ${count} hosts`;
  const addresses = hosts.map(({ address }) => `${address}\n`).join('');
  const ssh = ['ssh', ...fleet.sshOptions, '-p', String(fleet.port), '-l', fleet.sshd.user, '{}', 'true'];
  const rows: Row[] = [
    ...(await takeTurns(bench.rounds(9, 3), [
      { who: named('api7-orch'), run: () => timed([...bench.orch, 'exec', 'all', '-i', inventory, '--', 'true']) },
      { who: named('bare ssh2'), run: () => timed(floor) },
      { who: named('xargs -P50 ssh'), run: () => timed(['xargs', '-P50', '-I{}', ...ssh], { stdin: addresses }) },
    ])),
  ];
  if (withAnsible) {
    const tool = ansible(bench, fleet, count);
    const { words, env } = tool.adHoc('command', 'true');
    bench.undo(() => tool.forgetConnections());
    rows.push(
      ...(await takeTurns(bench.rounds(3, 1), [
        { who: named('ansible -m command'), before: () => tool.forgetConnections(), run: () => timed(words, { env }) },
      ])),
    );
    tool.forgetConnections();
  }
  const ratio = (other: string) => medianOf(rows, named('api7-orch')) / medianOf(rows, named(other));
  const verdicts: Verdict[] = [
    {
      claim: named('time, to xargs -P50 ssh'),
      value: ratio('xargs -P50 ssh'),
      wanted: 0.5,
      sense: 'at most',
      unit: '×',
    },
    { claim: named('time, to bare ssh2'), value: ratio('bare ssh2'), wanted: 1.3, sense: 'at most', unit: '×' },
  ];
  return { rows, verdicts };
}
