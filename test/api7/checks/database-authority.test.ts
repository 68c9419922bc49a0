import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostChecks } from '../../../src/api7/checks/host-checks.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../../support/cluster/run-fake.ts';

const file = join(import.meta.dirname, '../../fixtures/inventory/accepted/database-and-prometheus.yaml');
const inventory = await loadInventory(file, { env: { PROMETHEUS_PASSWORD: 'prom-pass' } });

test('the certificate authority of the inventory is used, though its path is one in the containers', async () => {
  const authorities: (string | undefined)[] = [];
  const host = new FakeHost({
    name: 'cp-1',
    postgres: ({ ca }) => {
      authorities.push(ca);
      return {};
    },
  });
  const { codes } = await runPlays(
    [host],
    onePlay(function* () {
      for (const { name, gate } of hostChecks(inventory, {
        name: 'cp-1',
        address: '10.0.1.11',
        groups: ['control_plane'],
      }))
        if (name === 'database') yield gate;
    }),
  );
  expect(codes).toEqual([]);
  expect(new Set(authorities)).toEqual(new Set([inventory.api7.database.rootCert]));
});
