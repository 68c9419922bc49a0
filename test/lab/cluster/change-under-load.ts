import { describe, expect, test } from 'vitest';
import { inventoryWith } from '../config/inventory-with.ts';
import { steadyLoad } from '../load/traffic.ts';
import { samplerOn } from '../samplers/sampler.ts';
import { install, installWith, type LabOf } from './commands.ts';

/**
 * An installed cluster whose gateways all get another configuration while clients use them; the old one is installed at the end.
 */
export function changeUnderLoad(lab: LabOf): void {
  describe('a change to all gateways under load', () => {
    test('never has two gateways out of service at once', async () => {
      const file = await inventoryWith(lab(), 'more-workers', (text) =>
        text.replace('  nofile:', '  config: { gateway: { nginx_config: { worker_processes: 2 } } }\n  nofile:'),
      );
      const sampler = await samplerOn(lab());
      const load = steadyLoad(lab().url('gateways'));
      const run = await installWith(file, '-e', 'soak=3s');
      const traffic = await load.stop();
      const away = await sampler.stop();
      expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
      expect(run.with('changed')).toEqual(
        ['gw-1', 'gw-2', 'gw-3'].flatMap((host) => [
          `${host}: /usr/local/apisix/conf/config.yaml is accepted by api7/api7-ee-3-gateway:3.10.5`,
          `${host}: container api7-gateway`,
          `${host}: gateways: ${host} has a lease (on lb-1)`,
          `${host}: gateways: ${host} is drained (on lb-1)`,
          `${host}: gateways: ${host} is restored (on lb-1)`,
          `${host}: record that api7-gateway has loaded its configuration`,
          `${host}: yamlFile /opt/api7/gateway_conf/config.yaml`,
        ]),
      );
      // The sampler must have seen each gateway stop; otherwise it shows nothing.
      expect(away.ever).toEqual(['gw-1', 'gw-2', 'gw-3']);
      expect(away.mostAtOnce).toBe(1);
      expect(traffic.good).toBeGreaterThan(100);
      const revisions = new Set(Object.values(traffic.revisions).flat());
      expect(revisions.size).toBe(2);
      expect((await install(lab(), '-e', 'soak=0s', '-e', 'batch=2', '-e', 'max_unavailable=2')).code).toBe(0);
    });
  });
}
