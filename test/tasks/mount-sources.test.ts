import { expect, test } from 'vitest';
import type { ContainerSettings } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { preflight } from '../../src/programs/preflight.ts';
import { mountSources } from '../../src/tasks/mount-sources.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const ROOT = { mode: '0755', owner: 'root', group: 'root' } as const;

const gate = (host: DockerHost, check = false) =>
  runPlays(
    [host],
    onePlay(function* () {
      yield mountSources({ paths: ['/srv/a', '/srv/b', '/srv/c'] });
    }),
    { check },
  );

test('all missing sources of mounts are named before any change', async () => {
  const host = new DockerHost();
  host.files.makeDirectory('/srv/a', ROOT);
  const { codes, events } = await gate(host);
  expect(codes).toEqual(['MOUNT_MISSING']);
  expect(JSON.stringify(events)).toContain('this host has no /srv/b, /srv/c');
  expect(host.writes).toBe(0);
});

test('files and directories can both be mounted', async () => {
  const host = new DockerHost();
  for (const path of ['/srv/a', '/srv/b']) host.files.makeDirectory(path, ROOT);
  host.files.write('/srv/c', Buffer.from(''), ROOT);
  expect((await gate(host)).codes).toEqual([]);
});

test('preflight checks the mounts of the services of the host, once each, and no others', async () => {
  const { api7, gatewayGroups, ...inventory } = await loadInventory('inventory.example.yaml', {
    env: { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a-token' },
  });
  const mounting = <Of extends { readonly container: ContainerSettings }>(of: Of, source: string): Of => ({
    ...of,
    container: { ...of.container, mounts: [{ source, target: '/x', readOnly: true }] },
  });
  const given = {
    ...inventory,
    api7: {
      ...api7,
      dashboard: mounting(api7.dashboard, '/srv/both'),
      dpManager: mounting(api7.dpManager, '/srv/both'),
    },
    gatewayGroups: new Map([...gatewayGroups].map(([name, group]) => [name, mounting(group, '/srv/edge')])),
  };
  const asked = (groups: readonly string[], of: Parameters<typeof preflight>[0] = given) =>
    [...preflight(of, { name: 'gw-1', address: '10.0.0.1', groups })].flatMap((step) =>
      'type' in step && step.type.kind === 'mountSources' ? [step.title] : [],
    );
  expect(asked(['control_plane'])).toEqual(['/srv/both can be mounted']);
  expect(asked(['data_plane'])).toEqual(['/srv/edge can be mounted']);
  expect(asked(['load_balancer'])).toEqual([]);
  expect(asked(['control_plane', 'data_plane'], { ...inventory, api7, gatewayGroups })).toEqual([]);
});
