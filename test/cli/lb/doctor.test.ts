import { describe, expect, test } from 'vitest';
import { adoptionPath } from '../../../src/adopt/record.ts';
import { freshContainer } from '../../../src/core/host/leftover-names.ts';
import { LEASES } from '../../../src/lb/lease.ts';
import { DoctorScene, OWNER, RUN } from './doctor-scene.ts';

const GATEWAY = 'api7-gateway';
const leasesOn = (scene: DoctorScene, lb: string): readonly string[] =>
  [...scene.cluster.host(lb).files.keys()].filter((path) => path.startsWith(`${LEASES}/`));

/** Findings that `--fix` does not repair. */
const HELD = { kind: 'hand', by: 'eve@desk', reason: 'new disks' } as const;

test('a cluster without findings: exit 0, no write', async () => {
  const scene = await DoctorScene.installed();
  for (const flags of [{}, { fix: true }]) {
    expect(await scene.doctor(flags)).toBe(0);
    expect(scene.printed).toBe('nothing to repair\n');
    expect(scene.writes).toEqual([]);
  }
});

test('the table: the finding, since when, by which operator, and the hint', async () => {
  const scene = await DoctorScene.installed();
  scene.leaseOnBoth('gw-1');
  scene.order('lb-2', 'set server gateways/gw-2 state maint');
  await scene.deadRun('cp-1');
  scene.file('gw-2', '/opt/api7/.data-plane-package.api7-orch-new/package.tar.gz');
  const before = scene.world;
  expect(await scene.doctor()).toBe(3);
  expect(scene.printed).toBe(`Found
HOST  NODE  SINCE    BY      FINDING
lb-1  gw-1  14m ago  ops@ci  gateways: drained; its run has ended
lb-2  gw-1  14m ago  ops@ci  gateways: drained; its run has ended
lb-2  gw-2  1m ago   -       gateways: maintenance without a lease: by another tool, a manual command or the configuration
cp-1  -     2m ago   ops@ci  lock of a run that has ended (run install)
gw-2  -     -        -       leftover /opt/api7/.data-plane-package.api7-orch-new

hint for gw-1 on lb-1, gw-1 on lb-2, cp-1, gw-2: api7-orch lb doctor --fix -i prod.yaml
hint for gw-2 on lb-2: to restore gw-2, on lb-2 send to /run/h.sock: set server gateways/gw-2 state ready

5 findings
`);
  expect(scene.world).toBe(before);
  expect(scene.writes).toEqual([]);
});

describe('findings', () => {
  test.each<[string, (scene: DoctorScene) => unknown, readonly string[]]>([
    [
      'a drain of a run that has ended',
      (scene) => scene.lease('lb-1', 'gw-1'),
      ['* lb-1 gw-1 lease: gateways: drained; its run has ended'],
    ],
    [
      'a drain of a version that recorded no run',
      (scene) => scene.lease('lb-1', 'gw-1', { run: undefined as never }),
      ['* lb-1 gw-1 lease: gateways: drained; its run has ended'],
    ],
    [
      'a drain that the balancer lost',
      (scene) => {
        scene.leaseOnBoth('gw-1');
        scene.cluster.lb('lb-1').reload();
      },
      [
        '* lb-1 gw-1 lost-drain: gateways: in service, as the balancer lost the drain; its run has ended',
        '* lb-2 gw-1 lease: gateways: drained; its run has ended',
      ],
    ],
    [
      'a canary with a part of its weight',
      (scene) => scene.lease('lb-1', 'gw-1', { before: { 'gateways/gw-1': { admin: 'ready', weight: '40' } } }, false),
      ['* lb-1 gw-1 lost-drain: gateways: left with a part of its weight; its run has ended'],
    ],
    [
      'a gateway that was not confirmed healthy after its change',
      (scene) => scene.lease('lb-1', 'gw-1', { soaking: new Date(scene.cluster.time.now()).toISOString() }, false),
      ['* lb-1 gw-1 soak: gateways: in service after a change, but its soak was not passed; its run has ended'],
    ],
    [
      'a drain by hand',
      (scene) => scene.order('lb-1', 'set server gateways/gw-1 state drain'),
      [
        '- lb-1 gw-1 external-drain: gateways: drained without a lease: by another tool, a manual command or the configuration',
      ],
    ],
    ['a drain by an operator: no finding', (scene) => scene.leaseOnBoth('gw-1', HELD), []],
    [
      'a drain by an operator that the balancer lost',
      (scene) => scene.lease('lb-1', 'gw-1', HELD, false),
      [
        '- lb-1 gw-1 lost-drain: gateways: drained by lb drain (new disks), but it gets requests: the balancer lost the drain',
      ],
    ],
    [
      'a lock of before a reboot',
      async (scene) => {
        const { lock, locks } = scene.cluster.host('gw-1');
        await lock.take(OWNER, null);
        locks.boot = 'boot-2';
      },
      ['* gw-1 - lock: lock of a run that has ended (run install)'],
    ],
    [
      'a take-over that was not finished',
      async (scene) => {
        const { lock, locks } = scene.cluster.host('gw-1');
        const { digest } = await lock.take(OWNER, null);
        await lock.take({ ...OWNER, token: 'second' }, digest);
        locks.record = null;
      },
      ['* gw-1 - lock: lock of a run that has ended (run install)'],
    ],
    [
      'files that a killed run left, on gateways and balancers',
      (scene) => {
        scene.file('gw-1', '/opt/api7/gateway_conf/.config.yaml.api7-orch-new');
        scene.file('gw-1', '/opt/api7/..gateway-config-accepted.api7-orch-config-check');
        scene.file('lb-1', `${LEASES}/.gateways.gw-1.json.api7-orch-new`);
        scene.cluster.host('cp-1').files.makeDirectory('/opt/api7/.control-plane-package.api7-orch-new', {
          ...{ owner: 'root', group: 'root', mode: '0700' },
        });
      },
      [
        `* lb-1 - leftover: leftover ${LEASES}/.gateways.gw-1.json.api7-orch-new`,
        '* cp-1 - leftover: leftover /opt/api7/.control-plane-package.api7-orch-new',
        '* gw-1 - leftover: leftover /opt/api7/..gateway-config-accepted.api7-orch-config-check',
        '* gw-1 - leftover: leftover /opt/api7/gateway_conf/.config.yaml.api7-orch-new',
      ],
    ],
    [
      'a container that was to replace another one',
      (scene) => scene.container('gw-1', freshContainer(GATEWAY)),
      [`* gw-1 - leftover: leftover container ${freshContainer(GATEWAY)}`],
    ],
    [
      'a container that is all that is left',
      async (scene) => {
        await scene.container('gw-1', freshContainer('web'));
      },
      [`- gw-1 - leftover: container ${freshContainer('web')} is all that is left of web`],
    ],
  ])('%s', async (_name, prepare, found) => {
    const scene = await DoctorScene.installed();
    await prepare(scene);
    const before = scene.world;
    expect(await scene.found()).toEqual(found);
    expect(scene.world).toBe(before);
    // A finding marked as repairable is repaired, and the second time there is nothing to do.
    const left = found.filter((each) => each.startsWith('-'));
    const { code, report } = await scene.report({ fix: true });
    expect(report.findings.map(({ what }) => what)).toEqual(left.map((each) => each.split(': ').slice(1).join(': ')));
    expect(report.fixed ?? []).toHaveLength(found.length - left.length);
    expect(code).toBe(left.length === 0 ? 0 : 3);
    const after = scene.world;
    expect(await scene.doctor({ fix: true })).toBe(code);
    expect([scene.world, scene.writes]).toEqual([after, []]);
  });

  test('a lease of a live run is shown, and is no finding; nor are its current writes', async () => {
    const scene = await DoctorScene.installed();
    const end = await scene.livingRun('lb-1');
    await scene.livingRun('gw-1', { ...OWNER, token: 'again' });
    scene.leaseOnBoth('gw-1');
    scene.file('gw-1', '/opt/api7/gateway_conf/.config.yaml.api7-orch-new');
    const { code, report } = await scene.report({ fix: true });
    expect([code, report.findings]).toEqual([0, []]);
    expect(report.notes.map(({ host, node, what }) => `${host} ${node}: ${what}`)).toEqual([
      'lb-1 gw-1: gateways: a run that is alive works on it',
      'lb-2 gw-1: gateways: a run that is alive works on it',
      'lb-1 null: locked by a run that is alive (run install)',
      'gw-1 null: locked by a run that is alive (run install)',
    ]);
    expect(scene.writes).toEqual(['lb-1', 'gw-1'].filter(() => scene.writes.length > 0));
    await end();
  });

  test('an unreachable host is named, and the others are checked', async () => {
    const scene = await DoctorScene.installed();
    scene.cluster.away.add('lb-2').add('cp-1');
    scene.file('gw-2', '/opt/api7/.data-plane-package.api7-orch-new/package.tar.gz');
    const { code, report } = await scene.report();
    expect(code).toBe(3);
    expect(report.errors.map((error) => error.host).toSorted()).toEqual(['cp-1', 'lb-2']);
    expect(report.findings.map(({ host }) => host)).toEqual(['gw-2']);
  });

  test('text from hosts is sanitized on a terminal', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1', { ...HELD, by: 'eve\u001b[2J\nOK: nothing', reason: 'x\u001b]0;t\u0007\nFIXED' });
    await scene.doctor();
    expect(scene.printed).not.toContain('\u001b');
    expect(scene.printed).not.toMatch(/^(?:OK|FIXED)/m);
    await scene.doctor({ output: 'json' });
    expect(scene.printed).not.toContain('\u001b');
  });
});

describe('--fix', () => {
  test('restores the drained nodes of a run, one after another, through the gates and the restore of a rolling change', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1', { before: { 'gateways/gw-1': { admin: 'ready', weight: '7' } } });
    scene.leaseOnBoth('gw-2');
    await scene.deadRun('lb-1');
    const out: number[] = [];
    scene.cluster.onOperation = () => {
      out.push(['gw-1', 'gw-2'].filter((name) => !scene.cluster.serves(name)).length);
    };
    expect(await scene.doctor({ fix: true })).toBe(0);
    expect(scene.printed).toContain('Fixed\n');
    expect(scene.printed).toMatch(/nothing to repair\n$/);
    expect([leasesOn(scene, 'lb-1'), leasesOn(scene, 'lb-2')]).toEqual([[], []]);
    expect(['gw-1', 'gw-2'].map(scene.cluster.serves.bind(scene.cluster))).toEqual([true, true]);
    // Never more of them drained than before, and one was in service before the other one began.
    expect(out).toContain(1);
    expect(out.toSorted((a, b) => b - a)).toEqual(out);
    expect(scene.cluster.lb('lb-1').asked).toContain('set server gateways/gw-1 weight 7');
    expect([...scene.cluster.hosts.values()].map(({ locks }) => locks.record)).toEqual(
      [...scene.cluster.hosts].map(() => null),
    );
  });

  test('a node that is not ready stays drained and named, the other one is restored', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1');
    scene.leaseOnBoth('gw-2');
    scene.cluster.sick.add('gw-1');
    const { code, report } = await scene.report({ fix: true });
    expect(code).toBe(3);
    expect(report.findings.map(({ host, node }) => `${node} on ${host}`)).toEqual(['gw-1 on lb-1', 'gw-1 on lb-2']);
    expect(report.fixed?.map(({ node }) => node)).toEqual(['gw-2', 'gw-2']);
    expect(['gw-1', 'gw-2'].map(scene.cluster.serves.bind(scene.cluster))).toEqual([false, true]);
    scene.cluster.sick.clear();
    await scene.cluster.settle();
    expect(await scene.doctor({ fix: true })).toBe(0);
    expect(scene.cluster.serves('gw-1')).toBe(true);
  });

  test.each<[string, (scene: DoctorScene) => unknown, RegExp]>([
    ['an operator holds it on the other balancer', (scene) => scene.lease('lb-2', 'gw-1', HELD), /eve@desk holds it/],
    [
      'it is drained without a lease on the other balancer',
      (scene) => scene.order('lb-2', 'set server gateways/gw-1 state drain'),
      /also drained without a lease in gateways on lb-2/,
    ],
    [
      'a run that is alive works on it',
      async (scene) => {
        scene.lease('lb-2', 'gw-1', { run: 'alive' });
        await scene.livingRun('lb-2', { ...OWNER, run: 'alive' });
      },
      /a run that is alive works on it/,
    ],
    ['it cannot be reached', (scene) => scene.cluster.away.add('gw-1'), /cannot be reached to see if it is ready/],
  ])('never changes a node: %s', async (_name, prepare, why) => {
    const scene = await DoctorScene.installed();
    scene.lease('lb-1', 'gw-1');
    await prepare(scene);
    const before = scene.cluster.lb('lb-1').asked.filter((each) => each.startsWith('set')).length;
    const { code, report } = await scene.report({ fix: true });
    expect(code).toBe(3);
    expect(report.findings.find(({ kind }) => kind === 'lease')).toMatchObject({ fixable: false });
    expect(report.findings.find(({ kind }) => kind === 'lease')?.next).toMatch(why);
    expect(scene.cluster.lb('lb-1').asked.filter((each) => each.startsWith('set'))).toHaveLength(before);
    expect(leasesOn(scene, 'lb-1')).toHaveLength(1);
  });

  test('a node with an unfinished adoption stays drained, and the error names the command that finishes it', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1');
    const body = { Image: 'x', HostConfig: { NetworkMode: 'host', RestartPolicy: { Name: 'no' } } };
    const inspect = { ...body, Id: 'a1', Name: '/by-hand', Config: { Image: 'x', Hostname: 'h' } };
    const old = { id: 'a1', name: 'by-hand', policy: { Name: 'no' }, inspect };
    const record = { v: 1, run: RUN, phase: 'renamed', old, kept: 'kept', uid: null, newSpec: body };
    scene.file('gw-1', adoptionPath('gateway'), JSON.stringify(record));
    expect(await scene.doctor({ fix: true })).toBe(3);
    expect(scene.cluster.serves('gw-1')).toBe(false);
    expect(scene.printed).toContain('ADOPTION_UNDER_WAY');
    expect(scene.printed).toContain('finish it: api7-orch run install --adopt');
  });

  test('a balancer that does not respond is named, and the node is restored on the others', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1');
    scene.cluster.away.add('lb-2');
    expect(await scene.doctor({ fix: true })).toBe(3);
    expect([leasesOn(scene, 'lb-1').length, leasesOn(scene, 'lb-2').length]).toEqual([0, 1]);
    expect(scene.printed).toContain('CONNECT_TIMED_OUT on lb-2');
    scene.cluster.away.clear();
    expect(await scene.doctor({ fix: true })).toBe(0);
    expect(leasesOn(scene, 'lb-2')).toEqual([]);
  });

  test('a lost drain of the last node with requests is left as it is until another one serves', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1', {}, false);
    scene.leaseOnBoth('gw-2');
    scene.cluster.sick.add('gw-2');
    const { code, report } = await scene.report({ fix: true });
    expect(code).toBe(3);
    expect(report.fixed).toEqual([]);
    expect(scene.cluster.lb('lb-1').asked).not.toContain('set server gateways/gw-1 state drain');

    scene.cluster.sick.delete('gw-2');
    const again = await scene.report({ fix: true });
    expect([again.code, again.report.findings]).toEqual([0, []]);
    expect(again.report.fixed?.map(({ node }) => node)).toEqual(['gw-1', 'gw-1', 'gw-2', 'gw-2']);
    expect(scene.cluster.lb('lb-1').asked).not.toContain('set server gateways/gw-1 state drain');
  });

  test('a node that lost its drain and is not ready is left as it is, and named', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1', {}, false);
    scene.cluster.sick.add('gw-1');
    expect(await scene.doctor({ fix: true, output: 'json' })).toBe(3);
    expect(leasesOn(scene, 'lb-1')).toHaveLength(1);
    expect(scene.cluster.lb('lb-1').asked).not.toContain('set server gateways/gw-1 state drain');
  });

  test('a node that returns errors after its restore is drained again, and named', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1');
    scene.cluster.erring.add('gw-1');
    const { code, report } = await scene.report({ fix: true });
    expect([code, report.findings.map(({ node, kind }) => `${node} ${kind}`)]).toEqual([
      3,
      ['gw-1 lease', 'gw-1 lease'],
    ]);
    expect(scene.cluster.serves('gw-1')).toBe(false);
  });

  test('Ctrl-C: the node in progress is finished, the others stay drained and named, no lock is left', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1');
    scene.leaseOnBoth('gw-2');
    scene.cluster.onOperation = (_host, operation) => {
      if (operation !== 'haproxyCommand') return;
      scene.cluster.onOperation = undefined;
      // Those of api7-orch only: the test runner has its own.
      process.listeners('SIGINT').at(-1)?.('SIGINT');
    };
    expect(await scene.doctor({ fix: true, output: 'json' })).toBe(6);
    expect(['gw-1', 'gw-2'].map(scene.cluster.serves.bind(scene.cluster))).toEqual([true, false]);
    expect([leasesOn(scene, 'lb-1').length, leasesOn(scene, 'lb-2').length]).toEqual([1, 1]);
    expect([...scene.cluster.hosts.values()].every(({ locks }) => locks.record === null)).toBe(true);
    expect(await scene.doctor({ fix: true, output: 'json' })).toBe(0);
  });

  test('another run holds a needed lock: exit 5, no change', async () => {
    const scene = await DoctorScene.installed();
    scene.leaseOnBoth('gw-1');
    const end = await scene.livingRun('lb-1', { ...OWNER, run: 'another' });
    const before = scene.world;
    const { code, report } = await scene.report({ fix: true });
    expect([code, report.errors.map((error) => error.code)]).toEqual([5, ['HOST_LOCKED']]);
    expect(scene.world).toBe(before);
    await end();
    expect(await scene.doctor({ fix: true })).toBe(0);
  });

  test('a leftover that cannot be removed stays named', async () => {
    const scene = await DoctorScene.installed();
    scene.file('gw-1', '/opt/api7/gateway_conf/.config.yaml.api7-orch-new');
    scene.cluster.fail({ host: 'gw-1', operation: 'remove', nth: 0, code: 'COMMAND_FAILED' });
    const { code, report } = await scene.report({ fix: true });
    expect([code, report.findings.length]).toEqual([3, 1]);
    scene.cluster.repair();
    expect(await scene.doctor({ fix: true })).toBe(0);
  });
});
