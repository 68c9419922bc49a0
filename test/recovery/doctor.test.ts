import { describe, expect, test } from 'vitest';
import { DoctorScene } from '../cli/lb/doctor-scene.ts';

const GATEWAYS = ['gw-1', 'gw-2'];

const json = { fix: true, output: 'json' } as const;

/** All files on the hosts with a temporary name, and all locks. */
async function left({ cluster }: DoctorScene): Promise<readonly string[]> {
  const all = await Promise.all(
    [...cluster.hosts].map(async ([name, { files, locks }]) => {
      const containers = name.startsWith('lb') ? [] : await cluster.engine(name).containers();
      const names = [...files.keys(), ...containers.flatMap(({ Names }) => Names)];
      const temporary = names.filter((each) => each.includes('api7-orch-'));
      return [...temporary, ...(locks.record === null ? [] : ['lock'])].map((each) => `${name}: ${each}`);
    }),
  );
  return all.flat();
}

/** The number of writes of an upgrade of this cluster. */
const WRITES = 105;

describe('an upgrade that is killed', () => {
  const moments = Array.from({ length: 26 }, (_, at) => Math.floor((at * 2 * WRITES) / 26) + (at % 2));

  test.each(moments)(
    'at moment %i: --fix restores ready nodes, names the rest, and the next run leaves no remains',
    async (moment) => {
      const scene = await DoctorScene.installed();
      const { cluster } = scene;
      cluster.upgrade();
      cluster.killAt = moment;
      expect((await cluster.run()).exitCode).toBeUndefined();
      cluster.repair();
      await cluster.settle(120_000);

      const { code, report } = await scene.report(json);
      expect(
        report.findings.filter(({ fixable, kind }) => fixable && kind !== 'lease' && kind !== 'lost-drain'),
      ).toEqual([]);
      const named = new Set(report.findings.map(({ node }) => node));
      for (const name of GATEWAYS)
        expect(cluster.serves(name) || named.has(name), `${name} is out and not named`).toBe(true);
      const kept = report.findings.filter(({ kind }) => kind === 'leftover').length;
      expect(await left(scene)).toHaveLength(kept);

      expect(await cluster.run()).toMatchObject({ exitCode: 0 });
      await cluster.settle();
      expect(cluster.leftovers()).toEqual([]);
      expect(await scene.doctor()).toBe(0);
      expect(await left(scene)).toEqual([]);
      expect([0, 3]).toContain(code);
    },
  );
});

describe('--fix that is killed', () => {
  test('at any write: the next one ends in the same state', async () => {
    const prepared = async (): Promise<DoctorScene> => {
      const scene = await DoctorScene.installed();
      for (const name of GATEWAYS) scene.leaseOnBoth(name);
      scene.file('gw-1', '/opt/api7/.data-plane-package.api7-orch-new/package.tar.gz');
      await scene.container('gw-2', 'api7-gateway-api7-orch-new');
      return scene;
    };
    const whole = await prepared();
    expect(await whole.doctor(json)).toBe(0);
    const { writes } = whole.cluster;
    expect(writes).toBeGreaterThan(10);
    for (let moment = 0; moment < 2 * writes; moment++) {
      const scene = await prepared();
      scene.cluster.killAt = moment;
      const code = await scene.doctor(json);
      scene.cluster.repair();
      await scene.cluster.settle(120_000);
      expect([undefined, 0]).toContain(code);
      expect(await scene.doctor(json), `killed at ${moment}`).toBe(0);
      expect(scene.world).toBe(whole.world);
      expect(await left(scene)).toEqual([]);
    }
  });
});
