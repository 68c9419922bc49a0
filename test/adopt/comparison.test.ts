import { describe, expect, test } from 'vitest';
import { settingsDiffer, type Wanted } from '../../src/adopt/comparison.ts';
import type { UserSettings } from '../../src/adopt/running/running-service.ts';
import { Secret } from '../../src/core/base/secret.ts';

const SAME: UserSettings = {
  env: { TOKEN: Secret.containing('a-token-of-eleven') },
  labels: { team: 'edge' },
  ports: [{ container: 9080, protocol: 'tcp', host: 9080, addresses: ['0.0.0.0'] }],
  mounts: [{ source: '/srv/plugins', target: '/plugins', readOnly: true }],
  log: { driver: 'json-file', options: { 'max-size': '1m' } },
  extraHosts: { db: '10.0.3.1' },
  dns: ['10.0.0.2'],
  networkMode: 'bridge',
};

const WANTED: Wanted = {
  spec: {
    ref: 'a:1',
    hostname: 'gw-1',
    env: { TOKEN: Secret.containing('a-token-of-eleven') },
    labels: {},
    ports: { '7085/tcp': ['0.0.0.0:7085'], '9080/tcp': ['0.0.0.0:9080'] },
    mounts: {
      '/plugins': { source: '/srv/plugins', readOnly: true },
      '/conf/config.yaml': { source: '/opt/api7/config.yaml', readOnly: true },
    },
    restart: 'unless-stopped',
    stopSignal: 'SIGQUIT',
    stopTimeoutSeconds: 250,
    nofile: 65_536,
    extraHosts: { db: '10.0.3.1' },
    dns: ['10.0.0.2'],
  },
  block: 'api7.gateway',
  ownTargets: ['/conf/config.yaml'],
  statusPort: '7085/tcp',
};

test('host name, restart policy, stop settings, limits, labels, log rotation, own files and the status port are changed by design', () => {
  expect(settingsDiffer(SAME, WANTED)).toEqual([]);
});

describe('all else is a difference, with what to do', () => {
  const port = (host: number, addresses: readonly string[]) => [
    { container: 9080, protocol: 'tcp' as const, host, addresses },
  ];
  test.each<[string, Partial<UserSettings>, string, string]>([
    [
      'a variable more',
      { env: { ...SAME.env, TZ: Secret.containing('UTC') } },
      'variable TZ is in the container only',
      'api7.gateway.env',
    ],
    ['a variable less', { env: {} }, 'variable TOKEN is in the inventory only', 'remove it from api7.gateway'],
    [
      'another value',
      { env: { TOKEN: Secret.containing('other') } },
      'variable TOKEN has another value',
      'correct it under api7.gateway',
    ],
    [
      'another port of the host',
      { ports: port(80, ['0.0.0.0']) },
      'port 9080/tcp is published on 0.0.0.0:80, by the inventory on 0.0.0.0:9080',
      'api7.gateway.ports',
    ],
    [
      'another address',
      { ports: port(9080, ['10.0.0.1']) },
      'port 9080/tcp is published on 10.0.0.1:9080',
      'api7.bind',
    ],
    ['no port', { ports: [] }, 'port 9080/tcp is published on no address', 'api7.bind'],
    [
      'a mount less',
      { mounts: [] },
      '/plugins is mounted from nowhere, by the inventory from /srv/plugins (read-only)',
      'api7.gateway.mounts',
    ],
    [
      'a mount more',
      { mounts: [...SAME.mounts, { source: '/a', target: '/b', readOnly: false }] },
      '/b is mounted from /a (writable), by the inventory from nowhere',
      'api7.gateway.mounts',
    ],
    [
      'a writable mount',
      { mounts: [{ source: '/srv/plugins', target: '/plugins', readOnly: false }] },
      '/plugins is mounted from /srv/plugins (writable)',
      'api7.gateway.mounts',
    ],
    ['memory', { memory: 1024 }, 'limit memory is 1k, by the inventory none', 'api7.gateway.memory'],
    ['processors', { cpus: 2 }, 'limit cpus is 2, by the inventory none', 'api7.gateway.cpus'],
    ['names', { extraHosts: {} }, 'extra_hosts differs', 'api7.gateway.extra_hosts'],
    ['name servers', { dns: [] }, 'dns differs', 'api7.gateway.dns'],
    ['a network', { networkMode: 'host' }, 'its network is host, by the inventory bridge', 'network bridge'],
    ['a log driver', { log: { driver: 'syslog', options: {} } }, 'its log driver is syslog', 'daemon.json'],
  ])('%s', (_, changed, what, todo) => {
    const differences = settingsDiffer({ ...SAME, ...changed }, WANTED);
    expect(differences).toHaveLength(1);
    expect(differences[0]?.what).toContain(what);
    expect(differences[0]?.todo).toContain(todo);
  });
});

test('values of variables are never among the words', () => {
  const differences = settingsDiffer(
    { ...SAME, env: { TOKEN: Secret.containing('the-old-token'), X: Secret.containing('hidden-x') } },
    WANTED,
  );
  expect(JSON.stringify(differences)).not.toMatch(/the-old-token|hidden-x|a-token-of-eleven/);
});

test('published on all addresses, IPv6 may be listed or not', () => {
  const ports = [{ container: 9080, protocol: 'tcp' as const, host: 9080, addresses: ['0.0.0.0', '::'] }];
  expect(settingsDiffer({ ...SAME, ports }, WANTED)).toEqual([]);
});

test('a service of the control plane may listen on another port inside', () => {
  const ports = [{ container: 7900, protocol: 'tcp' as const, host: 17_900, addresses: ['0.0.0.0'] }];
  const spec = { ...WANTED.spec, ports: { '17900/tcp': ['0.0.0.0:17900'] } };
  expect(settingsDiffer({ ...SAME, ports }, { ...WANTED, spec, insidePorts: { '7900/tcp': '17900/tcp' } })).toEqual([]);
  expect(settingsDiffer({ ...SAME, ports }, { ...WANTED, spec })).toHaveLength(2);
});
