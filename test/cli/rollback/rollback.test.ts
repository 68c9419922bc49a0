import { beforeAll, expect, test } from 'vitest';
import { listPrevious, rollback } from '../../../src/cli/rollback/rollback.ts';
import { type PreviousReport, previousLines } from '../../../src/cli/rollback/table.ts';
import { due } from '../../recovery/installed.ts';
import type { SmallCluster } from '../../recovery/small-cluster.ts';
import { TextStream } from '../../render/text-stream.ts';

const plain = { width: 200, paint: (_colour: string, text: string) => text };

test('the table: the version of each container, the versions to go back to, and the reason if there is none', () => {
  const report: PreviousReport = {
    containers: [
      {
        ...{ host: 'gw-1', container: 'api7-gateway', runs: '3.10.6' },
        states: [
          { version: '3.10.6', keptAt: '2026-11-29T10:00:00.000Z', isBefore: false },
          { version: '3.10.5', keptAt: '2026-11-28T09:30:00.000Z', isBefore: true },
          { version: '3.10.4', keptAt: '2026-11-20T08:15:00.000Z', isBefore: false },
        ],
      },
      { host: 'gw-2', container: 'api7-gateway', states: [] },
      {
        ...{
          host: 'cp-1',
          container: 'api7-dashboard',
          runs: '3.10.6',
          refused: 'the database may have been migrated',
        },
        states: [{ version: '3.10.5', keptAt: '2026-11-28T09:30:00.000Z', isBefore: true }],
      },
      ...['api7-dashboard', 'api7-dp-manager'].map((container) => ({
        ...{ host: 'cp-2', container, states: [] },
        error: { code: 'CONNECT_REFUSED' as const, message: 'cp-2 refused', hint: 'start sshd', host: 'cp-2' },
      })),
    ],
  };
  expect(previousLines(report, plain, 'prod.yaml').map((line) => line.trimEnd())).toEqual([
    'HOST  CONTAINER        RUNS    CAN GO BACK TO',
    'gw-1  api7-gateway     3.10.6  3.10.5 (in service until 2026-11-28T09:30Z), 3.10.4 (in service until 2026-11-20T08:15Z)',
    'gw-2  api7-gateway     -       -',
    'cp-1  api7-dashboard   3.10.6  - (the database may have been migrated)',
    'cp-2  api7-dashboard   -       CONNECT_REFUSED',
    'cp-2  api7-dp-manager  -       CONNECT_REFUSED',
    '',
    'CONNECT_REFUSED on cp-2: cp-2 refused',
    '  hint: start sshd',
    '',
    'To go back, for example: api7-orch rollback gw-1 --to 3.10.5 -i prod.yaml',
  ]);
});

test('the table of nodes without an earlier version names no command', () => {
  const report: PreviousReport = {
    containers: [{ host: 'gw-1', container: 'api7-gateway', runs: '3.10.6', states: [] }],
  };
  expect(previousLines(report, plain, 'prod.yaml').at(-1)).toBe('no node has an earlier version to go back to');
});

let cluster: SmallCluster;
beforeAll(async () => {
  process.env.DB_PASSWORD = 'right';
  cluster = await due(1);
  await cluster.run();
});

async function list(output: 'json' | 'table') {
  const stdout = new TextStream();
  const code = await cluster.verb((inventory, environment) =>
    listPrevious(
      { inventory, forks: '5', output },
      { ...environment, stdout: stdout as unknown as NodeJS.WriteStream },
    ),
  );
  return { code, text: stdout.text };
}

test('after an upgrade each gateway can go back to the version before; the control plane cannot', async () => {
  const { code, text } = await list('json');
  const { containers }: PreviousReport = JSON.parse(text);
  expect(code).toBe(0);
  for (const host of ['gw-1', 'gw-2'])
    expect(containers.filter((row) => row.host === host)).toEqual([
      {
        ...{ host, container: 'api7-gateway', runs: '3.10.6' },
        states: [{ version: '3.10.5', keptAt: expect.stringMatching(/^\d{4}-.*Z$/), isBefore: true }],
      },
    ]);
  const refused = 'the database may have been migrated';
  for (const host of ['cp-1', 'cp-2'])
    expect(containers.filter((row) => row.host === host)).toEqual([
      expect.objectContaining({ container: 'api7-dashboard', runs: '3.10.6', refused }),
      expect.objectContaining({ container: 'api7-dp-manager', runs: '3.10.6', refused }),
    ]);
  expect((await list('table')).text).toMatch(/^gw-1 +api7-gateway +3\.10\.6 +3\.10\.5 \(in service until .*Z\)$/m);
});

test('an unreachable host is a row with its error, and the exit code is 3', async () => {
  cluster.refused.set('gw-2', 'CONNECT_REFUSED');
  const { code, text } = await list('json');
  const { containers }: PreviousReport = JSON.parse(text);
  expect(code).toBe(3);
  expect(containers.find(({ host }) => host === 'gw-2')).toMatchObject({
    ...{ container: 'api7-gateway', states: [] },
    error: { code: 'CONNECT_REFUSED' },
  });
  expect(containers.find(({ host }) => host === 'gw-1')?.states).toHaveLength(1);
  cluster.repair();
});

test.each([
  ['gw-1', undefined],
  [undefined, '3.10.5'],
])('hosts %s, version %s: refused, both are needed', async (pattern, to) => {
  const flags = {
    inventory: 'prod.yaml',
    forks: '5',
    extraVars: [],
    withoutLb: [],
    lockWait: '0s',
    onHold: 'stop',
  } as const;
  await expect(rollback(pattern, { ...flags, ...(to && { to }) })).rejects.toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('--to VERSION -i prod.yaml'),
  });
});
