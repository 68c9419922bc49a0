import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ansible } from '../ansible.ts';
import { type Ran, timed } from '../command.ts';
import type { Case } from '../context.ts';
import { floorOn } from '../floor-job.ts';
import { medianOf, type Row, rowOf, type Verdict } from '../measure.ts';
import { emptyTrees, expectAlike, expectTouched, type Tree, treesOf } from '../trees.ts';

const COUNT = 20;
const PAYLOAD_BYTES = 10_000_000;
const WORKS = ['cold', 'converged', 'one change'] as const;
type Work = (typeof WORKS)[number];

/** Ten tasks on 20 hosts: on empty hosts, on converged hosts, and with one of ten tasks different. */
export const tasks: Case = {
  name: 'tasks',
  title: '20 hosts × 10 tasks, one of them a file of 10 MB',
  async run(bench) {
    const fleet = await bench.fleet();
    const hosts = fleet.hosts(COUNT);
    const payload = join(bench.work, 'payload');
    writeFileSync(payload, randomBytes(PAYLOAD_BYTES));
    const inventory = fleet.inventory(COUNT, { vars: { payload } });
    const book = (name: string): string => resolve(import.meta.dirname, '../playbooks', name);
    const plain = ansible(bench, fleet, COUNT);
    const mitogen = ansible(bench, fleet, COUNT, 'mitogen_linear');
    const forget = (): void => {
      for (const tool of [plain, mitogen]) tool.forgetConnections();
    };
    bench.undo(forget);
    const byAnsible = (tool: typeof plain) => (release: string) => {
      const { words, env } = tool.playbook(book('ten.yaml'), { payload, release });
      return timed(words, { env });
    };
    const tools: Readonly<Record<string, (release: string) => Promise<Ran>>> = {
      'api7-orch': (release) =>
        timed([...bench.orch, 'run', book('ten.ts'), '-i', inventory, '-e', `release=${release}`]),
      Ansible: byAnsible(plain),
      'Ansible with Mitogen': byAnsible(mitogen),
    };
    const floor = floorOn(bench, fleet, {
      hosts: hosts.map(({ name, address }) => ({ address, command: checksOf(`${fleet.trees}/${name}`) })),
    });

    const measured = new Map<string, Ran[]>();
    const keep = (who: string, ran: Ran): void => {
      measured.set(who, [...(measured.get(who) ?? []), ran]);
      bench.note(`${who}: ${ran.ms.toFixed(0)} ms`);
    };
    let releases = 0;
    let wanted: Tree['content'] | undefined;
    for (let round = 0; round < bench.rounds(3, 1); round++) {
      for (const [who, run] of Object.entries(tools)) {
        // api7-orch and the floor are quick, so they get more samples, in alternation.
        const again = who === 'api7-orch' ? bench.rounds(5, 3) : 1;
        for (let at = 1; at <= again; at++) {
          forget();
          emptyTrees(fleet.trees);
          keep(`${who}, cold`, await run('first'));
          wanted = expectAlike(treesOf(fleet.trees, hosts), wanted);
        }
        for (let at = 1; at <= again; at++) {
          const before = treesOf(fleet.trees, hosts);
          forget();
          keep(`${who}, converged`, await run('first'));
          if (who === 'api7-orch') keep('bare ssh2, converged', await timed(floor));
          expectTouched(before, treesOf(fleet.trees, hosts), []);
          forget();
          keep(`${who}, one change`, await run(`release-${++releases}`));
          expectTouched(before, treesOf(fleet.trees, hosts), ['conf/release']);
          if (at === again) continue;
          await run('first');
          expectAlike(treesOf(fleet.trees, hosts), wanted);
        }
      }
    }
    forget();
    const rows: readonly Row[] = WORKS.flatMap((work) =>
      [...measured].filter(([who]) => who.endsWith(`, ${work}`)).map(([who, all]) => rowOf(who, all)),
    );
    return { rows, verdicts: verdictsOf(rows) };
  },
};

/** The reads of a converged host in one script: type, mode and owner of every path, and every file's digest. */
function checksOf(base: string): string {
  const files = ['app.conf', 'limits.conf', 'server.yaml', 'routes.yaml', 'release'].map(
    (name) => `${base}/conf/${name}`,
  );
  const all = [base, `${base}/conf`, `${base}/data`, `${base}/data/payload`, `${base}/data/ready`, ...files];
  return `stat -c '%F %a %U %G' ${all.join(' ')} && sha256sum ${base}/data/payload ${files.join(' ')}`;
}

function verdictsOf(rows: readonly Row[]): readonly Verdict[] {
  const times = (other: string, work: Work): number =>
    medianOf(rows, `${other}, ${work}`) / medianOf(rows, `api7-orch, ${work}`);
  const faster = (other: string, work: Work, wanted: number): Verdict => ({
    claim: `${work}: faster than ${other}`,
    value: times(other, work),
    wanted,
    sense: 'at least',
    unit: '×',
  });
  return [
    faster('Ansible', 'cold', 15),
    faster('Ansible', 'converged', 30),
    faster('Ansible with Mitogen', 'converged', 12),
    faster('Ansible', 'one change', 25),
    {
      claim: 'converged: time, to bare ssh2 with one equivalent script',
      value: 1 / times('bare ssh2', 'converged'),
      wanted: 1.5,
      sense: 'at most',
      unit: '×',
    },
  ];
}
