import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import install from '../../../playbooks/install.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { selectHosts } from '../../../src/inventory/select.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { DockerHost } from '../../docker/docker-host.ts';
import { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { runPlays, virtualClock } from '../../support/cluster/run-fake.ts';

// A batch of requests is all that is sent to a host before the first reply is needed; it costs one round trip. The fake host
// counts batches as round trips.

const directory = temporaryDirectory('waves');

const INVENTORY = `
cluster: waves
hosts:
  lb-1: { address: 10.0.0.10 }
  cp-1: { address: 10.0.1.11 }
  gw-1: { address: 10.0.2.21 }
  gw-2: { address: 10.0.2.22 }
groups:
  control_plane: { hosts: [cp-1] }
  data_plane: { hosts: [gw-1, gw-2] }
api7:
  version: "3.10.5"
  database: { dsn: "postgres://api7ee:waves-password@db:5432/api7ee" }
  gateway: { endpoints: ["http://10.0.0.10:17900"], token: waves-token }
load_balancers:
  gateways: { driver: haproxy, hosts: lb-1, socket: /run/h.sock, members: data_plane, port: 9080 }
  dashboards: { driver: haproxy, hosts: lb-1, socket: /run/h.sock, members: control_plane, port: 17080 }
`;

const IMAGES = ['api7-ee-3-integrated:v3.10.5', 'api7-ee-dp-manager:v3.10.5', 'api7-ee-3-gateway:3.10.5'];
const MEMBERS = [
  { backend: 'dashboards', name: 'cp-1', address: '10.0.1.11', port: 17_080 },
  { backend: 'gateways', name: 'gw-1', address: '10.0.2.21', port: 9080 },
  { backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080 },
];

let inventory: Inventory;
beforeAll(async () => {
  const file = join(directory, 'inventory.yaml');
  writeFileSync(file, INVENTORY);
  inventory = await loadInventory(file, { env: {} });
});

function cluster(): readonly FakeHost[] {
  const docker = ['cp-1', 'gw-1', 'gw-2'].map((name) => {
    const host = new DockerHost({ name, http: () => ({ status: 200, body: '' }) });
    for (const image of IMAGES)
      host.engine.pullable.set(`api7/${image}`, { classic: `sha256:${image}`, containerd: `sha256:x${image}` });
    return host;
  });
  const haproxy = new FakeHaproxy({ servers: MEMBERS, clock: virtualClock() });
  return [new FakeHost({ name: 'lb-1', ...haproxy.host }), ...docker];
}

const run = (hosts: readonly FakeHost[], check = false) =>
  runPlays(hosts, () => install.plays({ vars: {}, inventory }), {
    check,
    select: (pattern) => selectHosts(inventory, pattern),
  });

/** Round trips for each host. */
const waves = (hosts: readonly FakeHost[]) => Object.fromEntries(hosts.map(({ name, trips }) => [name, trips]));

describe('a converged install', () => {
  test.each([false, true])(
    'costs two round trips where containers run: all reads, then the files as the processes see them (check: %s)',
    async (check) => {
      const hosts = cluster();
      expect((await run(hosts)).codes).toEqual([]);
      for (const host of hosts) host.trips = 0;
      const again = await run(hosts, check);
      expect(again.rows.filter((row) => !row.startsWith('ok'))).toEqual([]);
      expect(waves(hosts)).toEqual({ 'lb-1': 1, 'cp-1': 2, 'gw-1': 2, 'gw-2': 2 });
    },
  );
});

test('values read ahead are dropped after any write', async () => {
  const hosts = cluster();
  await run(hosts);
  const gateway = hosts.find(({ name }) => name === 'gw-1') as DockerHost;
  const controlPlane = hosts.find(({ name }) => name === 'cp-1') as DockerHost;
  controlPlane.files.remove('/opt/api7/dashboard-config.yaml');
  // A gateway's file is deleted while the control plane is changed: the play of the gateways must see it.
  const next = controlPlane.writes + 1;
  controlPlane.onWrite = (moment, count) => {
    if (moment === 'after' && count === next) gateway.files.remove('/opt/api7/gateway_conf/config.yaml');
  };
  const again = await run(hosts);
  expect(again.codes).toEqual([]);
  expect(again.rows).toContain('changed yamlFile /opt/api7/dashboard-config.yaml');
  expect(again.rows).toContain('changed yamlFile /opt/api7/gateway_conf/config.yaml');
});
