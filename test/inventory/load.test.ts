import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gatewayImage, pullOf } from '../../src/api7/images.ts';
import { published } from '../../src/api7/ports.ts';
import { servicesOn } from '../../src/api7/services.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { GatewayGroup, Inventory, InventoryHost } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/inventory');
const DSN = 'postgres://api7ee:p%40ss@db/api7ee';
const ENV = { DSN, TOKEN: 'some-token', SSH_PORT: '2022', SSH_PASSWORD: 'some-password', SUDO: 'some-sudo' };

const full = await loadInventory(join(FIXTURES, 'accepted/full.yaml'), { env: ENV });
const minimal = await loadInventory(join(FIXTURES, 'accepted/minimal.yaml'), { env: {} });
const onlyGroup = ({ gatewayGroups }: Inventory): GatewayGroup =>
  [...gatewayGroups.values()][0] ?? expect.fail('no group');
const host = (name: string): InventoryHost => full.hosts.get(name) ?? expect.fail(`no host ${name}`);

test('the shipped example loads unchanged', async () => {
  const example = join(import.meta.dirname, '../../inventory.example.yaml');
  const env = { API7_DB_PASSWORD: 'p@ss:/#%', API7_GATEWAY_TOKEN: 'a-token' };
  const inventory = await loadInventory(example, { env });
  expect([...inventory.hosts.keys()]).toEqual(['cp-1', 'cp-2', 'gw-1', 'gw-2', 'gw-3', 'lb-1', 'lb-2']);
  expect(inventory.groups.get('data_plane')).toEqual(['gw-1', 'gw-2', 'gw-3']);
  expect(new Set([...inventory.hosts.values()].map(({ zone }) => zone))).toEqual(new Set(['a', 'b']));
  expect([...inventory.loadBalancers.keys()]).toEqual(['gateways', 'dashboards', 'dp_managers']);
  expect(inventory.api7.database.dsn.reveal()).toBe(
    'postgres://api7ee:p%40ss%3A%2F%23%25@db.internal.example.com:5432/api7ee?sslmode=require',
  );
  expect(inventory.api7.package?.dataPlane).toBe(join(import.meta.dirname, '../../packages/api7-3.10.5-dp.tar.gz'));
});

test('digests of the packages are optional, one by one', async () => {
  const example = readFileSync(join(import.meta.dirname, '../../inventory.example.yaml'), 'utf8');
  const directory = temporaryDirectory('package');
  const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a-token' };
  const load = async (text: string) => {
    writeFileSync(join(directory, 'inventory.yaml'), text);
    return (await loadInventory(join(directory, 'inventory.yaml'), { env })).api7.package?.sha256;
  };
  const digest = 'AB'.repeat(32);
  expect(await load(example)).toEqual({});
  const given = example.replace(/# sha256: .*/, `sha256: { data_plane: ${digest} }`);
  expect(await load(given)).toEqual({ dataPlane: digest.toLowerCase() });
  await expect(load(given.replace(digest, 'abc'))).rejects.toThrow(
    /api7\.package\.sha256\.data_plane: a sha256 digest is 64 hexadecimal digits/,
  );
});

test('the shipped example names its missing secrets', async () => {
  const example = join(import.meta.dirname, '../../inventory.example.yaml');
  await expect(loadInventory(example, { env: {} })).rejects.toThrow(
    /:\d+:\d+: api7\.database\.password: environment variable API7_DB_PASSWORD is not set\n.*:\d+:\d+: api7\.gateway\.token: /,
  );
});

test('logins of registries are secrets, and belong to the images and mirrors of their registry', async () => {
  const env = { REGISTRY_PASSWORD: 'r3gistry-pass', HUB_TOKEN: 'hub-t0ken', MIRROR_PASSWORD: 'm1rror-pass' };
  const { api7 } = await loadInventory(join(FIXTURES, 'accepted/registries.yaml'), { env });
  const { login, mirrors, atOnce } = pullOf(api7, gatewayImage(api7));
  expect(login).toMatchObject({ address: 'registry.example.com:5000', username: 'puller' });
  expect(login?.password).toBeInstanceOf(Secret);
  expect(mirrors).toEqual([
    {
      prefix: 'mirror.example.com/copy',
      login: { address: 'mirror.example.com', username: 'm', password: expect.any(Secret) },
    },
    { prefix: 'other.example.com:5000' },
  ]);
  expect(mirrors?.[0]?.login?.password.toString()).toBe('***');
  expect(atOnce).toBe(2);
  expect(pullOf(api7, 'cache.example.com/x:1')).toEqual({
    atOnce: 2,
    mirrors: [{ prefix: 'mirror.example.com/copy', login: expect.anything() }],
  });
  expect(JSON.stringify(api7)).not.toMatch(/r3gistry-pass|hub-t0ken|m1rror-pass/);
});

const INSIDE = ['127.0.0.1', '{address}'];
const portOf = (name: string, port: number, addresses: readonly string[]) => ({
  name,
  protocol: 'tcp',
  container: port,
  host: port,
  addresses,
});

test('settings of containers', async () => {
  const env = { SMTP_PASSWORD: 'sm7p-pass', LEVEL: 'info', MEMORY: '512m' };
  const inventory = await loadInventory(join(FIXTURES, 'accepted/container-settings.yaml'), { env });
  const { api7 } = inventory;
  expect(api7.dashboard.container).toEqual({
    env: {
      TZ: 'Asia/Shanghai',
      EMPTY: '',
      LICENSE: expect.any(Secret),
      SMTP_PASSWORD: expect.any(Secret),
      LEVEL: 'info',
    },
    mounts: [
      { source: '/etc/ssl/certs', target: '/etc/ssl/certs', readOnly: true },
      { source: '/var/log/api7', target: '/app/logs', readOnly: false },
    ],
    memory: 1536 * 1024 * 1024,
    cpus: 0.5,
    log: { maxSize: '100m', maxFile: 3 },
    labels: { 'com.example.team': 'edge', 'empty-free': 'yes' },
    extraHosts: { 'db.internal': '10.0.9.1', six: 'fd00::9' },
    dns: ['10.0.0.2', 'fd00::2'],
  });
  expect(api7.dpManager.container).toEqual({ ...NO_SETTINGS, memory: 512 * 1024 * 1024, cpus: 2, log: 'off' });
  expect(onlyGroup(inventory).container).toEqual({ ...NO_SETTINGS, env: { REGION: 'eu' } });
  expect(JSON.stringify(api7)).not.toMatch(/sm7p-pass|a licence/);
});

const NO_SETTINGS = { env: {}, mounts: [], labels: {}, extraHosts: {}, dns: [] };

test('a database of several hosts, its certificate authority, and Prometheus', async () => {
  const env = { PROMETHEUS_PASSWORD: 'prom-pass' };
  const { api7 } = await loadInventory(join(FIXTURES, 'accepted/database-and-prometheus.yaml'), { env });
  expect(api7.database.dsn.reveal()).toBe(
    'postgres://api7ee:p%40ss%3A%2F%23%25@pg-1:5432,pg-2:5433,[fd00::5]:5432,[fd00::6]:5434/api7ee?sslmode=verify-full&sslrootcert=%2Fopt%2Fapi7%2Fdatabase-ca.pem&target_session_attrs=read-write',
  );
  expect(api7.database.rootCert).toContain('MIIB');
  expect(api7.prometheus).toEqual({
    addr: 'https://prometheus.internal:9090',
    basicAuth: { username: 'ops', password: expect.any(Secret) },
    tls: { ca: expect.stringContaining('MIIC'), serverName: 'prometheus' },
  });
  expect(JSON.stringify(api7)).not.toContain('prom-pass');
});

test('defaults', () => {
  const one = minimal.hosts.get('one');
  expect(one).toEqual({
    name: 'one',
    address: '192.0.2.1',
    ssh: { address: '192.0.2.1' },
    groups: [],
    vars: {},
  });
  expect(minimal.api7).toEqual({
    version: '3.10.5',
    images: {},
    pulls: 4,
    database: { dsn: expect.any(Secret) },
    dashboard: { ports: [portOf('http', 17_080, INSIDE)], config: {}, container: NO_SETTINGS },
    dpManager: { ports: [portOf('http', 17_900, INSIDE)], config: {}, container: NO_SETTINGS },
    nofile: 65_536,
  });
  expect([...minimal.gatewayGroups]).toEqual([
    [
      'default',
      {
        name: 'default',
        pattern: 'data_plane',
        hosts: [],
        group: 'default',
        endpoints: ['http://192.0.2.1:17900'],
        auth: { kind: 'token', token: expect.any(Secret) },
        authByHost: new Map(),
        ports: [portOf('http', 9080, ['0.0.0.0']), portOf('https', 9443, ['0.0.0.0']), portOf('status', 7085, INSIDE)],
        config: {},
        container: NO_SETTINGS,
      },
    ],
  ]);
  expect(minimal.api7.database.dsn.reveal()).toBe('postgres://api7ee:p%40ss%3A%2F%23%25@db:5432/api7ee');
  expect(minimal.loadBalancers.size).toBe(0);
});

test('ssh settings: shared ones, and those of a host over them', () => {
  expect(host('cp-1').ssh).toEqual({
    address: '10.0.1.11',
    port: 2022,
    user: 'ops',
    identityFile: join(FIXTURES, 'accepted/keys/id_ed25519'),
    knownHosts: join(homedir(), 'known_hosts'),
    jump: 'ops@bastion.example.com:2222',
    become: 'sudo',
    connectTimeoutMs: 90_000,
    config: join(FIXTURES, 'accepted/ssh_config'),
    password: expect.any(Secret),
    becomePassword: expect.any(Secret),
  });
  expect(host('cp-1').ssh.password?.reveal()).toBe('some-password');
  expect(host('cp-1').ssh.becomePassword?.reveal()).toBe('some-sudo');
  expect(host('gw-1').ssh).toEqual({
    address: 'gw-1.example.com',
    port: 2201,
    user: 'root',
    identityFile: '/etc/keys/gw',
    knownHosts: join(FIXTURES, 'known_hosts'),
    jump: '[fd00::1]:22',
    become: 'none',
    connectTimeoutMs: 500,
    config: 'none',
    password: expect.any(Secret),
    becomePassword: expect.any(Secret),
  });
  expect(host('gw-1').ssh.password?.reveal()).toBe('a licence\n');
  expect(host('gw-2').ssh).toMatchObject({ address: 'gw_2', jump: 'none' });
  expect(host('lb-1').ssh.jump).toBe('ops@outer:2222,[fd00::2],inner_1');
});

test('hosts stay in file order, in any order of their groups; merge keys work', () => {
  expect([...full.hosts.keys()]).toEqual(['cp-1', 'cp-2', 'gw-1', 'gw-2', 'lb-1']);
  expect(host('cp-2')).toMatchObject({ address: '10.0.1.12', zone: 'a' });
  expect(Object.fromEntries(full.groups)).toEqual({
    west: ['gw-1', 'gw-2'],
    control_plane: ['cp-1', 'cp-2'],
    data_plane: ['gw-1', 'gw-2'],
    load_balancer: ['lb-1'],
    everywhere: ['cp-1', 'cp-2', 'gw-1', 'gw-2'],
    empty: [],
  });
  expect(host('gw-1').groups).toEqual(['everywhere', 'west', 'data_plane']);
});

test('names that are numbers keep their order and their spelling', async () => {
  const inventory = await loadInventory(join(FIXTURES, 'accepted/numbers.yaml'), { env: {} });
  expect([...inventory.hosts.keys()]).toEqual(['1207', '1103', '0042', 'cp-1', '0x1F', 'true']);
  expect(inventory.hosts.get('0042')).toMatchObject({ address: '10.0.1.13', groups: ['9', '8'], vars: { from: '8' } });
  expect(Object.fromEntries(inventory.groups)).toEqual({ 9: ['1207', '1103', '0042'], 8: ['1103', '0042'] });
  expect([...inventory.loadBalancers].map(([name, { members }]) => [name, members])).toEqual([
    ['20', ['1103']],
    ['10', ['1207']],
  ]);
});

describe('precedence of variables', () => {
  test.each([
    ['lb-1', { who: 'all', where: 'all', how: 'all', what: 'all' }],
    ['cp-1', { who: 'everywhere', where: 'everywhere', how: 'everywhere', what: 'all' }],
    ['gw-2', { who: 'data_plane', where: 'west', how: 'everywhere', what: 'all' }],
    ['gw-1', { who: 'host', where: 'west', how: 'everywhere', what: 'all', licence: expect.any(Secret) }],
  ])('%s', (name, vars) => {
    expect(host(name).vars).toEqual(vars);
  });

  test('-e wins over all, on every host', async () => {
    const inventory = await loadInventory(join(FIXTURES, 'accepted/full.yaml'), { env: ENV, extraVars: { who: 'me' } });
    expect([...inventory.hosts.values()].map(({ vars }) => vars.who)).toEqual(['me', 'me', 'me', 'me', 'me']);
  });
});

test('secrets: read from the environment and from files, hidden from print, one trailing newline removed', () => {
  const { database } = full.api7;
  const gateway = onlyGroup(full);
  expect(database.dsn.reveal()).toBe(DSN);
  expect(host('gw-1').vars.licence).toEqual(Secret.of('a licence\n'));
  expect((host('gw-1').vars.licence as Secret).reveal()).toBe('a licence\n');
  if (gateway.auth.kind !== 'certificate') expect.fail('not a certificate');
  expect(gateway.auth.key.reveal()).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\s\S]*-----END PRIVATE KEY-----$/);
  expect(gateway.auth).toMatchObject({ cert: expect.stringMatching(/^-----BEGIN CERT/), sni: 'api7ee3-dp-manager' });
  const { key, list } = gateway.config.plugin_attr as { key: Secret; list: [number, Secret] };
  expect([key.reveal(), list[0], list[1].reveal()]).toEqual(['some-token', 1, 'some-token']);
  expect(JSON.stringify([...full.hosts, full.api7])).not.toMatch(
    /some-token|some-password|some-sudo|p%40ss|a licence|PRIVATE KEY/,
  );
});

describe('encodings', () => {
  const directory = temporaryDirectory('encodings');
  const minimalText = readFileSync(join(FIXTURES, 'accepted/minimal.yaml'), 'utf8');
  const withToken = minimalText.replace(/token: [^\s}]+/, 'token: !file token');
  const load = async (inventory: string | Buffer, token: string | Buffer = 'some-token') => {
    writeFileSync(join(directory, 'inventory.yaml'), inventory);
    writeFileSync(join(directory, 'token'), token);
    return await loadInventory(join(directory, 'inventory.yaml'), { env: {} });
  };
  const tokenOf = async (...files: Parameters<typeof load>): Promise<string> => {
    const { auth } = onlyGroup(await load(...files));
    return auth.kind === 'token' ? auth.token.reveal() : expect.fail('not a token');
  };

  test('lines may end with CR LF, and the text may begin with a byte order mark', async () => {
    const text = `\uFEFF${withToken}vars: { text: "a" }\n`.replaceAll('\n', '\r\n');
    expect(await tokenOf(text, '\uFEFFsome-token\r\n')).toBe('some-token');
    expect((await load(text)).hosts.get('one')?.vars).toEqual({ text: 'a' });
    const wrong = await load(text.replace('version: 3.10.5', 'version: 3.10')).catch((error: Error) => error.message);
    expect(wrong).toMatch(/inventory\.yaml:5:12: api7\.version: /);
  });

  test('exactly one line end is dropped', async () => {
    expect(await tokenOf(withToken, 'some-token\n\n')).toBe('some-token\n');
    expect(await tokenOf(withToken, 'some-token\r\n\r\n')).toBe('some-token\r\n');
    expect(await tokenOf(withToken, ' some-token ')).toBe(' some-token ');
  });

  test.each<[string, BufferEncoding, string]>([
    ['UTF-16', 'utf16le', ':1:1: the file is saved as UTF-16; save it as UTF-8'],
    ['Latin-1', 'latin1', ':9:1: the file is not UTF-8; save it as UTF-8'],
  ])('an inventory in %s is refused with its line', async (_name, encoding, message) => {
    const mark = encoding === 'utf16le' ? '\uFEFF' : '';
    const text = `${mark}${minimalText}# one\n# zw\u00f6lf\n`;
    await expect(load(Buffer.from(text, encoding))).rejects.toMatchObject({
      code: 'INVENTORY_INVALID',
      message: expect.stringContaining(`inventory.yaml${message}`),
    });
  });

  test.each<[string, BufferEncoding, string]>([
    ['UTF-16', 'utf16le', 'file token is saved as UTF-16; save it as UTF-8'],
    ['Latin-1', 'latin1', 'file token is not UTF-8; save it as UTF-8'],
  ])('a secret file in %s is refused where it is named', async (_name, encoding, message) => {
    const token = Buffer.from(`${encoding === 'utf16le' ? '\uFEFF' : ''}t\u00f6ken\n`, encoding);
    await expect(load(withToken, token)).rejects.toThrow(/inventory\.yaml:7:\d+: api7\.gateway\.token: /);
    await expect(load(withToken, token)).rejects.toThrow(message);
  });
});

test.each([
  'gateway: { apisix: { status: { ip: 0.0.0.0, port: 7085 }, node_listen: 9080 } }',
  'gateway: { apisix: { node_listen: [9080, { ip: 127.0.0.1, port: 9081 }], ssl: { enable: false } } }',
  'gateway: { apisix: { node_listen: [{ enable_http2: true }], ssl: { listen: [{ port: 9443 }] } } }',
  'gateway: { apisix: { stream_proxy: { tcp: ["127.0.0.1:9100"] }, proxy_mode: http&stream } }',
  'gateway: { nginx_config: {}, plugin_attr: { prometheus: { export_addr: { ip: 0.0.0.0, port: 9091 } } } }',
  'dashboard: { server: { listen: { host: 0.0.0.0, port: 17080 }, tls: { disable: true }, pprof: { port: 6060 } } }',
  'dp_manager:',
])('listeners where ports are published are accepted: %s', async (config) => {
  const directory = temporaryDirectory('config');
  const text = readFileSync(join(FIXTURES, 'accepted/minimal.yaml'), 'utf8');
  writeFileSync(join(directory, 'inventory.yaml'), text.replace('api7:\n', `api7:\n  config:\n    ${config}\n`));
  await loadInventory(join(directory, 'inventory.yaml'), { env: {} });
});
test.each<[string, Readonly<Record<string, string>>, string | object]>([
  ['nginx_config: { error_log_level: !env LEVEL }', { LEVEL: 'error' }, 'error'],
  ['a: { b: [!env ZONE] }', { ZONE: 'host' }, 'host'],
  ['redis: { host: !env REDIS }', { REDIS: 'redis://10.0.0.1:6379' }, 'redis://10.0.0.1:6379'],
  ['redis: { host: !env REDIS }', { REDIS: 'redis://:word@10.0.0.1' }, expect.any(Secret)],
  ['plugin_attr: { adminKey: !env A }', { A: 'some-value' }, expect.any(Secret)],
  ['plugin_attr: { a: !env REDIS_PW }', { REDIS_PW: 'some-value' }, expect.any(Secret)],
  ['session: { secret: { a: !env A } }', { A: 'some-value' }, expect.any(Secret)],
])(
  'api7.config.gateway %s with %j is a secret only if its field, variable or text names one',
  async (yaml, env, value) => {
    const dir = temporaryDirectory('inventory');
    const text = readFileSync(join(FIXTURES, 'accepted/minimal.yaml'), 'utf8');
    const file = join(dir, 'inventory.yaml');
    writeFileSync(file, text.replace(/^api7:.*$/m, `$&\n  config: { gateway: { ${yaml} } }`));
    let found: unknown = onlyGroup(await loadInventory(file, { env })).config;
    while (found !== null && typeof found === 'object' && !(found instanceof Secret)) found = Object.values(found)[0];
    expect(found).toEqual(value);
  },
);

test('a secret file may be in the home directory and begin with a byte order mark', async () => {
  const home = temporaryDirectory('home');
  const before = process.env.HOME;
  process.env.HOME = home;
  try {
    writeFileSync(join(home, 'token'), '\uFEFFsome-token\r\n');
    const text = readFileSync(join(FIXTURES, 'accepted/minimal.yaml'), 'utf8');
    expect(text).toMatch(/token: \S+/);
    writeFileSync(join(home, 'inventory.yaml'), text.replace(/token: [^\s}]+/, 'token: !file ~/token'));
    const { auth } = onlyGroup(await loadInventory(join(home, 'inventory.yaml'), { env: {} }));
    if (auth.kind !== 'token') expect.fail('not a token');
    expect(auth.token.reveal()).toBe('some-token');
  } finally {
    process.env.HOME = before;
  }
});

test('a tag at a place that is not secret returns plain text', () => {
  expect(host('cp-1').ssh.port).toBe(2022);
});

test('load balancers are resolved to host names, with their defaults', () => {
  const byDefault = {
    longestRequestMs: 60_000,
    drain: { withinMs: 60_000, onTimeout: 'abort', quietMs: 10_000 },
    declared: { longestRequest: false, within: false },
  };
  expect(Object.fromEntries(full.loadBalancers)).toEqual({
    gateways: {
      driver: 'haproxy',
      name: 'gateways',
      hosts: ['lb-1'],
      socket: '/run/h.sock',
      config: '/etc/haproxy/haproxy.cfg',
      members: ['gw-1', 'gw-2'],
      port: 9080,
      ...byDefault,
    },
    dashboards: { driver: 'none', name: 'dashboards', members: ['cp-1'], port: 17_080, reason: 'a cloud balancer' },
    gateways_tls: {
      driver: 'nginx',
      name: 'gateways_tls',
      hosts: ['lb-1'],
      include: '/etc/nginx/api7-orch/gateways.conf',
      pid: '/run/nginx.pid',
      test: ['/opt/nginx/sbin/nginx', '-t'],
      reload: ['nginx', '-s', 'reload'],
      members: ['gw-1', 'gw-2'],
      port: 9443,
      longestRequestMs: 300_000,
      drain: { withinMs: 360_000, onTimeout: 'quit_tail', quietMs: 30_000 },
      check: { everyMs: 5000, fall: 2, rise: 1 },
      declared: { longestRequest: true, within: true },
    },
    dp_managers: {
      driver: 'command',
      name: 'dp_managers',
      hosts: ['lb-1'],
      hooks: {
        status: ['/opt/lb/status', '--json'],
        drain: ['/opt/lb/out'],
        restore: ['/opt/lb/in'],
        close: ['/opt/lb/out', '--hard'],
        counters: ['/opt/lb/count'],
      },
      members: ['cp-1', 'cp-2'],
      port: 17_900,
      ...byDefault,
      drain: { ...byDefault.drain, onTimeout: 'hold' },
    },
  });
});

test('a request that gateways must answer', () => {
  expect(onlyGroup(full).probe).toEqual({ path: '/orders?page=1', host: 'shop.example.com:8080', status: 401 });
});

test.each<[number, string, readonly string[]]>([
  [7085, 'gw-1', ['::']],
  [17080, 'cp-2', ['10.0.1.12', '127.0.0.1']],
  [17900, 'cp-1', ['10.0.1.11']],
  [9080, 'gw-2', ['0.0.0.0']],
  [9443, 'gw-2', ['10.9.9.9']],
])('%i on %s is published on %j', (port, name, addresses) => {
  const ports = servicesOn(full, host(name)).flatMap((service) => published(service.ports, host(name)));
  expect(ports.filter((one) => one.host === port).map(({ address }) => address)).toEqual(addresses);
});

test.each([
  ['no-such.yaml', 'does not exist'],
  ['.', 'cannot be read: EISDIR'],
])('a missing inventory: %s', async (path, message) => {
  const refusal = loadInventory(join(FIXTURES, path), { env: {} });
  await expect(refusal).rejects.toThrow(OrchError);
  await expect(refusal).rejects.toMatchObject({
    code: 'INVENTORY_UNREADABLE',
    message: expect.stringContaining(message),
  });
});
