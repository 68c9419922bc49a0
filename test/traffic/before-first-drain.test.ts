import { describe, expect, test } from 'vitest';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { type FleetScene, fleetScene } from './fleet-scene.ts';

const KEEPS = `global
  server-state-file /var/lib/haproxy/state
defaults
  load-server-state-from-file global
backend gateways
  balance roundrobin
`;

/** Warnings before the first drains of these nodes, by the host of the balancer. */
async function warned(scene: FleetScene, ...nodes: readonly string[]): Promise<readonly string[]> {
  const runs = nodes.map((node) => scene.run(node, () => scene.traffic(node).beforeFirstDrain()));
  const all = await Promise.all(runs);
  expect(all.flatMap(({ codes }) => codes)).toEqual([]);
  return all.flatMap(({ warnings }) => warnings);
}

describe('before the first drain', () => {
  test.each<[string, string, boolean]>([
    ['the file and who loads it', KEEPS, true],
    ['nothing loads it', KEEPS.replace('  load-server-state-from-file global\n', ''), false],
    ['no file', KEEPS.replace('  server-state-file /var/lib/haproxy/state\n', ''), false],
    ['a file for each backend', 'backend gateways\n  load-server-state-from-file local\n', true],
    ['a backend that does not load it', `${KEEPS}  load-server-state-from-file none\n`, false],
    ['a configuration in other files', 'backend elsewhere\n', true],
  ])('a HAProxy whose reload forgets drains causes a warning: %s', async (_, text, isKept) => {
    const scene = await fleetScene();
    for (const lb of ['lb-1', 'lb-2'] as const) scene.configure(lb, text);
    const warnings = await warned(scene, 'gw-1');
    expect(warnings).toEqual(
      isKept
        ? []
        : ['lb-1', 'lb-2'].map((lb) =>
            expect.stringMatching(
              `^${lb}: a reload forgets drains: backend gateways loads no server state \\(set server-state-file`,
            ),
          ),
    );
  });

  test('each balancer causes one warning, for any number of drained nodes', async () => {
    const scene = await fleetScene();
    const warnings = await warned(scene, 'gw-1', 'gw-2', 'gw-3');
    expect(warnings.filter((text) => text.includes('forgets drains'))).toHaveLength(2);
  });

  test('another configuration management there causes one too, without a further round trip', async () => {
    const trips = async (automation: boolean): Promise<number> => {
      const scene = await fleetScene();
      scene.configure('lb-1', KEEPS);
      scene.configure('lb-2', KEEPS);
      const lb = scene.node('lb-1');
      if (automation) Object.assign(lb, { automation: ruled.automation.bind(ruled) });
      await scene.run('gw-1', () => scene.traffic('gw-1').observe());
      const before = lb.trips;
      const warnings = await warned(scene, 'gw-1');
      expect(warnings).toEqual(automation ? [expect.stringMatching(/^lb-1: ansible-pull in .* may reload/)] : []);
      return lb.trips - before;
    };
    const ruled = new FakeHost({ name: 'lb-1', automation: { managers: ['ansible-pull in /etc/cron.d/pull'] } });
    expect(await trips(true)).toBeLessThanOrEqual(await trips(false));
  });
});
