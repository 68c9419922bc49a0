import { expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { checked, type Faults, findingsOf } from './scene.ts';

test('a healthy fleet has no finding: a line for each host, and exit code 0', async () => {
  const run = await checked({ cert: 'gateway.pem' });
  expect(findingsOf(run)).toEqual([]);
  expect(run.code).toBe(0);
  expect(run.text.split('\n').filter((line) => line.includes('in order ('))).toHaveLength(7);
  expect(run.text).toMatch(/^gw-1 +in order \(16 checks\)$/m);
  expect(run.text).toMatch(/^OK: \d+ checks in order\n$/m);
});

const GW = 'gw-1';

/** A fault, its findings, and words of the hint. */
const ROWS: readonly (readonly [string, Faults, readonly string[], RegExp])[] = [
  [
    'clock',
    { hosts: { [GW]: { facts: { clockSkewMs: 90_000 } } } },
    ['gw-1 clock CLOCK_SKEWED'],
    /clock is 1m30s ahead of.*hint: synchronize it on gw-1/,
  ],
  [
    'clock of the controller',
    {
      hosts: Object.fromEntries(
        ['cp-1', 'cp-2', 'gw-1', 'gw-2', 'lb-1', 'lb-2'].map((name) => [name, { facts: { clockSkewMs: -60_000 } }]),
      ),
    },
    ['inventory clock CLOCK_SKEWED?'],
    /clock of this machine is 1m ahead of that of the hosts/,
  ],
  ['disk', { hosts: { [GW]: { freeBytes: 1e9 } } }, ['gw-1 disk DISK_FULL'], /at \/var\/lib\/docker.*docker system df/],
  [
    'port taken',
    {
      hosts: {
        [GW]: { network: { listening: [{ protocol: 'tcp', address: '0.0.0.0', port: 9080, process: 'apache2' }] } },
      },
    },
    ['gw-1 ports PORT_TAKEN'],
    /process "apache2".*ss -ltnp/,
  ],
  [
    'wrong member name',
    { servers: [{ backend: 'gateways', name: 'gw-1', address: '10.0.2.21', port: 9080 }] },
    ['lb-1 gw-2 in gateways LB_MEMBER_UNKNOWN', 'lb-2 gw-2 in gateways LB_MEMBER_UNKNOWN'],
    /add "server gw-2 10\.0\.2\.22:9080 check"/,
  ],
  [
    'socket at level operator',
    { level: 'operator' },
    ['lb-1 rights on gateways HAPROXY_DENIED', 'lb-2 rights on gateways HAPROXY_DENIED'],
    /level operator.*level admin/,
  ],
  [
    'PostgreSQL 14',
    { hosts: { 'cp-1': { postgres: () => ({ version: 140_009 }) } } },
    ['cp-1 database version DATABASE_TOO_OLD?'],
    /PostgreSQL 14\.9 is older than 15.*pg_upgrade/,
  ],
  [
    'expired certificate',
    { cert: 'expired.pem' },
    ['inventory api7.gateway.cert CERTIFICATE_EXPIRED'],
    /expired on 2026-01-01.*hint: renew it/,
  ],
  [
    'Podman socket',
    { engines: { [GW]: { ServerVersion: '5.4.0', BuildahVersion: '1.39.0' } } },
    ['gw-1 docker DOCKER_IS_PODMAN'],
    /Podman 5\.4\.0 answers.*disable --now podman\.socket/,
  ],
  ['no flock', { noFlock: [GW] }, ['gw-1 flock FLOCK_MISSING'], /install util-linux on gw-1/],
  [
    'low nofile',
    { hosts: { [GW]: { facts: { nofile: 4096 } } } },
    ['gw-1 open files NOFILE_TOO_LOW'],
    /4096 open files.*set api7\.nofile/,
  ],
  [
    'old kernel',
    { hosts: { [GW]: { facts: { kernel: '3.10.0-327.el7.x86_64', os: 'CentOS Linux 7' } } } },
    ['gw-1 kernel KERNEL_TOO_OLD'],
    /3\.10\.0-327.*CentOS 7\.6/,
  ],
  [
    'arm64',
    { hosts: { [GW]: { facts: { arch: 'aarch64' } } } },
    ['gw-1 architecture verified HOST_ARCHITECTURE?'],
    /aarch64: .*x86_64 only.*--limit/,
  ],
  [
    'another architecture',
    { hosts: { [GW]: { facts: { arch: 's390x' } } } },
    ['gw-1 architecture HOST_ARCHITECTURE', 'gw-1 architecture verified HOST_ARCHITECTURE?'],
    /this host is s390x/,
  ],
  [
    'not root',
    { hosts: { [GW]: { facts: { uid: 1000 } } } },
    ['gw-1 root PERMISSION_DENIED'],
    /user id 1000.*become: sudo for gw-1/,
  ],
  [
    'old Docker',
    { engines: { [GW]: { ServerVersion: '19.03.15' } } },
    ['gw-1 docker DOCKER_TOO_OLD'],
    /19\.03\.15 is older than 20\.10\.7/,
  ],
  [
    'userns-remap',
    { engines: { [GW]: { SecurityOptions: ['name=seccomp,profile=builtin', 'name=userns'] } } },
    ['gw-1 docker DOCKER_REMAPS_USERS'],
    /userns-remap.*daemon\.json/,
  ],
  [
    'rootless Docker',
    { engines: { [GW]: { SecurityOptions: ['name=rootless'] } } },
    ['gw-1 docker DOCKER_REMAPS_USERS'],
    /rootless.*enable --now docker/,
  ],
  ['little memory', { engines: { [GW]: { MemTotal: 2e9 } } }, ['gw-1 memory MEMORY_LOW?'], /1\.9 GiB of memory/],
  [
    'too few connections',
    { hosts: { 'cp-1': { postgres: () => ({ maxConnections: 100, usedByOthers: 5 }) } } },
    ['cp-1 database connections DATABASE_CONNECTIONS?'],
    /room for 92 connections, the pools may open 120 .*2 × \(30 \+ 30\).*max_connections to 128 or more/,
  ],
  [
    'a standby',
    { hosts: { 'cp-1': { postgres: () => ({ standby: true }) } } },
    ['cp-1 database DATABASE_STANDBY'],
    /db:5432 is a standby.*primary/,
  ],
  [
    'a refused login',
    {
      hosts: {
        'cp-1': {
          postgres() {
            throw new OrchError('DATABASE_REFUSED', 'PostgreSQL at db:5432: no', { hint: 'correct it' });
          },
        },
      },
    },
    ['cp-1 database DATABASE_REFUSED'],
    /PostgreSQL at db:5432: no.*hint: correct it/,
  ],
  [
    'no forwarding, and a server that listens',
    { hosts: { 'cp-1': { postgres: () => null } } },
    ['cp-1 database version DATABASE_NOT_SHOWN-'],
    /AllowTcpForwarding local.*psql/,
  ],
  [
    'no forwarding, and no server',
    { hosts: { 'cp-1': { postgres: () => null } }, deaf: ['cp-1'] },
    ['cp-1 database DATABASE_UNREACHABLE', 'cp-1 database version DATABASE_NOT_SHOWN-'],
    /does not listen, seen from cp-1/,
  ],
  ['an unreachable host', { dead: [GW] }, ['gw-1 ssh CONNECT_REFUSED'], /gw-1 refused/],
];

test.each(ROWS)('%s: its line and its hint, nothing else', async (_, faults, expected, words) => {
  const run = await checked(faults);
  expect(findingsOf(run)).toEqual(expected);
  const fails = expected.some((line) => !/[?-]$/.test(line));
  expect(run.code).toBe(fails ? 2 : 0);
  expect(run.text.replace(/\s+/g, ' ')).toMatch(words);
  expect(run.text).toMatch(fails ? /^FAILED: /m : /^OK: /m);
  for (const line of run.text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('several faults at once: each has its line', async () => {
  const run = await checked({
    hosts: {
      'cp-1': { postgres: () => ({ version: 140_009 }), facts: { clockSkewMs: 90_000 } },
      'gw-1': {
        facts: { nofile: 4096 },
        freeBytes: 1e9,
        network: { listening: [{ protocol: 'tcp', address: '0.0.0.0', port: 9080 }] },
      },
    },
    engines: { 'gw-2': { BuildahVersion: '1.39.0' } },
    noFlock: ['gw-2'],
    cert: 'expired.pem',
    level: 'operator',
    servers: [{ backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080 }],
  });
  expect(findingsOf(run)).toHaveLength(12);
  expect(run.code).toBe(2);
  expect(run.report.hosts.flatMap(({ checks }) => checks).filter(({ message, hint }) => message && !hint)).toEqual([]);
});

test('a host without Docker has one line, not one for each check of its Engine', async () => {
  const run = await checked({ noDocker: ['gw-1'] });
  expect(findingsOf(run)).toEqual(['gw-1 docker DOCKER_NOT_FOUND']);
  const of = run.report.hosts.find(({ host }) => host === 'gw-1')?.checks ?? [];
  expect(of.filter(({ result }) => result === 'notShown').map(({ check }) => check)).toEqual(
    expect.arrayContaining(['memory', 'disk', 'ports']),
  );
});

test('only the named hosts are connected to', async () => {
  const { report, hosts } = await checked({}, 'cp-1');
  expect(report.hosts.map(({ host }) => host)).toEqual(['inventory', 'cp-1']);
  expect(hosts['gw-1']?.trips).toBe(0);
});

test('fifty hosts have a few round trips each, and no write', async () => {
  const gateways = Array.from({ length: 46 }, (_, index) => `gw-${index + 3}`);
  const run = await checked({
    inventory: (text) =>
      text
        .replace('  lb-1:', `${gateways.map((name, i) => `  ${name}: { address: 10.0.3.${i + 1} }\n`).join('')}  lb-1:`)
        .replace('hosts: [gw-1, gw-2]', `hosts: [gw-1, gw-2, ${gateways.join(', ')}]`),
    servers: ['gw-1', 'gw-2', ...gateways].map((name, i) => ({
      backend: 'gateways',
      name,
      address: i < 2 ? `10.0.2.${21 + i}` : `10.0.3.${i - 1}`,
      port: 9080,
    })),
  });
  expect(findingsOf(run)).toEqual([]);
  const cost = Object.values(run.hosts).map(({ trips, writes }) => ({ trips: trips / 2, writes }));
  expect(cost).toHaveLength(52);
  // Twice: the table, then as JSON.
  expect(Math.max(...cost.map(({ trips }) => trips))).toBeLessThanOrEqual(2);
  expect(Math.max(...cost.map(({ writes }) => writes))).toBe(0);
});
