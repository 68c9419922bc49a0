import { expect, test } from 'vitest';
import { reloadBalancer } from '../faults/break-host.ts';
import type { Lab } from '../lab.ts';
import { steadyLoad } from '../load/traffic.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { balancerSampler } from '../samplers/sampler.ts';
import { leftovers } from '../samplers/snapshots.ts';
import { FIRST, managedHosts, SHORT_TTL } from './killed-run.ts';
import { type OrchRun, orch } from './orch.ts';
import { leases, notServing, setExternally } from './rolling-scene.ts';
import { expectSuccess, lockedHosts, quickRun } from './small-lab.ts';
import type { WorkingFolder } from './working-folder.ts';

interface Finding {
  readonly kind: string;
  readonly host: string;
  readonly node: string | null;
  readonly item: string | null;
  readonly fixable: boolean;
  readonly next: string;
}

interface Doctor {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly fixed: readonly Finding[];
}

const brief = ({ kind, host, node, item }: Finding): string => `${kind} ${host} ${node ?? item ?? ''}`;

/** A case after which the cluster is healthy, and during which clients see no error. */
async function underLoad(lab: Lab, act: () => Promise<void>): Promise<void> {
  const sampler = await balancerSampler(lab, ['gateways']);
  const loads = hostsOf(lab.file, 'load_balancer').map((name) => steadyLoad(lab.direct('gateways', name), 3));
  try {
    await act();
  } finally {
    const traffic = await Promise.all(loads.map((load) => load.stop()));
    await sampler.stop();
    expect(traffic.map(({ bad, sent }) => ({ bad, any: sent > 10 }))).toEqual(
      loads.map(() => ({ bad: {}, any: true })),
    );
  }
  expect([await leases(lab), await notServing(lab), await lockedHosts(lab)]).toEqual([[], [], []]);
}

/** Records of runs, and the remains of runs that nothing resumes. */
export function doctorCases(open: () => Lab, other: () => WorkingFolder): void {
  const doctor = async (...words: readonly string[]): Promise<Doctor> => {
    const { code, stdout } = await orch(['lb', 'doctor', ...words, '-i', open().inventory], { env: FIRST });
    return { code, fixed: [], ...JSON.parse(stdout) };
  };
  const expectHealthy = async (): Promise<void> => expect(await doctor()).toMatchObject({ code: 0, findings: [] });
  const balancers = () => hostsOf(open().file, 'load_balancer');
  /** Killed at a step of the first node, which it names. */
  const killedAt = async (step: string, status: string): Promise<{ readonly node: string; readonly run: OrchRun }> => {
    let node: string | undefined;
    const run = await quickRun(open(), 'rolling-restart', {
      env: FIRST,
      onEvent: (event, send) => {
        if (event.type !== 'roll.step' || event.step !== step || event.status !== status) return;
        node = event.host;
        send('SIGKILL');
      },
    });
    expect(run.end).toBeUndefined();
    return { node: node ?? '', run };
  };

  test('a run is listed, stopped by a colleague at a safe point, and resumed', async () => {
    const lab = open();
    await underLoad(lab, async () => {
      const applies = Promise.withResolvers<void>();
      const running = quickRun(lab, 'rolling-restart', {
        env: FIRST,
        onEvent: (event) => event.type === 'roll.step' && event.step === 'apply' && applies.resolve(),
      });
      await Promise.race([applies.promise, running]);
      const list = async () => {
        const { code, stdout } = await other().orch(['runs', 'list'], lab.inventory, { env: SHORT_TTL });
        expect(code).toBe(0);
        const { runs }: { runs: readonly { run: string; state: string; canResume: boolean }[] } = JSON.parse(stdout);
        return runs;
      };
      const [first] = await list();
      expect(first).toMatchObject({ state: 'running', canResume: false });
      const id = first?.run ?? '';
      const reason = ['--reason', 'urgent fix'];
      const stop = await other().orch(['runs', 'stop', id.slice(0, -2), ...reason], lab.inventory, { env: SHORT_TTL });
      expect({ code: stop.code, printed: stop.stdout }).toEqual({
        code: 0,
        printed: expect.stringContaining('the locks are released'),
      });
      const stopped = await running;
      expect({ code: stopped.code, id: stopped.id }).toEqual({ code: 6, id });
      expect(stopped.stdout).toContain('urgent fix');
      expect([await leases(lab), await notServing(lab), await lockedHosts(lab)]).toEqual([[], [], []]);
      const states = Object.values(stopped.nodes).map(({ state }) => state);
      expect(states).toContain('done');
      expect(states).toContain('untouched');

      expect((await list()).find(({ run }) => run === id)).toMatchObject({ state: 'interrupted', canResume: true });
      const show = await other().orch(['runs', 'show', id], lab.inventory, { env: SHORT_TTL });
      const shown = JSON.parse(show.stdout);
      expect(Object.values(shown.nodes)).toEqual(expect.arrayContaining(['done', 'waiting']));
      const words: readonly string[] = shown.resume.split(' ');
      expect(words.slice(0, 3)).toEqual(['api7-orch', 'resume', id]);
      const resumed = await other().orch(['resume', id], lab.inventory, { env: SHORT_TTL });
      expect({ code: resumed.code, errors: resumed.end?.errors }).toEqual({ code: 0, errors: [] });
      // Finished nodes do not change again.
      const again = Object.entries(resumed.nodes).filter(([, { state }]) => state === 'done');
      expect(again.map(([name]) => stopped.nodes[name]?.state)).not.toContain('done');
      expect((await list()).find(({ run }) => run === id)).toMatchObject({ state: 'ok', canResume: false });
    });
  });

  test('a killed run is found, and its node restored once it is ready; a drain without a lease stays', async () => {
    const lab = open();
    await underLoad(lab, async () => {
      const { node } = await killedAt('waitReady', 'begun');
      const manual = hostsOf(lab.file, 'data_plane').find((name) => name !== node) ?? '';
      // External: a node that is not ready must not get requests.
      await lab.exec(node, 'docker stop api7-gateway');
      await setExternally(lab, manual, 'drain');
      const found = await doctor();
      expect(found.code).toBe(3);
      const locks = managedHosts(lab).filter((name) => name !== 'cp-1');
      const left = balancers().map((name) => `external-drain ${name} ${manual}`);
      const drained = balancers().map((name) => `lease ${name} ${node}`);
      expect(
        found.findings
          .filter(({ kind }) => kind !== 'lock')
          .map(brief)
          .sort(),
      ).toEqual([...left, ...drained].sort());
      expect(
        found.findings
          .filter(({ kind }) => kind === 'lock')
          .map(({ host }) => host)
          .sort(),
      ).toEqual(locks.sort());
      expect(found.findings.filter(({ fixable }) => !fixable).map(brief)).toEqual(left);

      const tried = await doctor('--fix');
      expect(tried.code).toBe(3);
      expect(tried.findings.map(brief).sort()).toEqual([...left, ...drained].sort());
      const out = new Set((await notServing(lab)).map((name) => name.replace(/.*\//, '')));
      expect([...out].sort()).toEqual([node, manual].sort());

      await lab.exec(node, 'docker start api7-gateway');
      const fixed = await doctor('--fix');
      expect({ code: fixed.code, left: fixed.findings.map(brief), fixed: fixed.fixed.map(brief).sort() }).toEqual({
        code: 3,
        left,
        fixed: drained.sort(),
      });
      expect(new Set((await notServing(lab)).map((name) => name.replace(/.*\//, '')))).toEqual(new Set([manual]));
      // As the hint suggests.
      for (const { host, next } of fixed.findings) {
        const lines = /send to (\S+): (.*)$/.exec(next);
        expect(lines?.[1]).toBe('/run/haproxy/admin.sock');
        await lab.exec(host, `echo '${lines?.[2]}' | socat - UNIX:${lines?.[1]}`);
      }
      await setExternally(lab, manual, 'ready');
      await expectHealthy();
    });
  });

  test('drains that a reload of HAProxy has lost are found; one of a run is ended, one of an operator stays', async () => {
    const lab = open();
    await underLoad(lab, async () => {
      const { node } = await killedAt('waitIdle', 'begun');
      const held = hostsOf(lab.file, 'data_plane').find((name) => name !== node) ?? '';
      expect(await orch(['lb', 'drain', held, '-i', lab.inventory, '--reason', 'new disks'])).toMatchObject({
        code: 0,
      });
      await reloadBalancer(lab, 'lb-1');
      const found = await doctor();
      const lost = found.findings.filter(({ kind }) => kind === 'lost-drain');
      expect(lost.map((each) => [brief(each), each.fixable]).sort()).toEqual(
        [
          [`lost-drain lb-1 ${held}`, false],
          [`lost-drain lb-1 ${node}`, true],
        ].sort(),
      );
      const fixed = await doctor('--fix');
      expect({ code: fixed.code, left: fixed.findings.map(brief) }).toEqual({
        code: 3,
        left: [`lost-drain lb-1 ${held}`],
      });
      expect(await leases(lab)).toEqual(balancers().map((name) => `${name}: gateways.${held}.json`));
      expect(await orch(['lb', 'restore', held, '-i', lab.inventory])).toMatchObject({ code: 0 });
      await expectHealthy();
    });
  });

  test('temporary files and containers of a killed run are removed', async () => {
    const lab = open();
    await underLoad(lab, async () => {
      const image = "$(docker inspect -f '{{.Config.Image}}' api7-gateway)";
      await lab.exec(
        'gw-1',
        `mkdir -p /opt/api7/.data-plane-package.api7-orch-new/images; : >/opt/api7/.data-plane-package.api7-orch-new/images/x
         : >/opt/api7/gateway_conf/.config.yaml.api7-orch-part
         docker create --name api7-gateway-api7-orch-new ${image} && docker create --name api7-orch-config-check ${image}`,
      );
      await lab.exec('lb-1', 'mkdir -p /var/lib/api7-orch/leases; : >/var/lib/api7-orch/leases/.x.json.api7-orch-new');
      const { code, findings } = await doctor();
      expect({ code, found: findings.map(brief).sort() }).toEqual({
        code: 3,
        found: [
          'leftover gw-1 /opt/api7/.data-plane-package.api7-orch-new',
          'leftover gw-1 /opt/api7/gateway_conf/.config.yaml.api7-orch-part',
          'leftover gw-1 api7-gateway-api7-orch-new',
          'leftover gw-1 api7-orch-config-check',
          'leftover lb-1 /var/lib/api7-orch/leases/.x.json.api7-orch-new',
        ],
      });
      const fixed = await doctor('--fix');
      expect({ code: fixed.code, left: fixed.findings, fixed: fixed.fixed.length }).toEqual({
        code: 0,
        left: [],
        fixed: 5,
      });
      expect(await leftovers(lab, managedHosts(lab))).toEqual({});
      await expectSuccess(lab, quickRun(lab, 'rolling-restart', { env: FIRST }));
    });
  });
}
