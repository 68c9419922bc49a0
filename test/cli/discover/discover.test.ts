import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gatewayConfig } from '../../../src/api7/config.ts';
import { gatewayEnv } from '../../../src/api7/gateway-env.ts';
import { gatewayUidOf } from '../../../src/api7/gateway-uid.ts';
import { discover } from '../../../src/cli/discover/discover.ts';
import { reveal } from '../../../src/core/base/secret.ts';
import { gatewayGroupOf } from '../../../src/inventory/gateway-group.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { CONFIG } from '../../adopt/running/recorded-host.ts';
import {
  balancerHost,
  CONFIGS,
  cluster,
  controlPlaneConfig,
  controlPlaneHost,
  discovered,
  gatewayHost,
  gatewayOf,
  HOSTS,
  MTLS,
  pem,
} from './scene.ts';

const load = (directory: string) => loadInventory(join(directory, 'prod.yaml'), { env: {} });

const codesOf = ({ report }: Awaited<ReturnType<typeof discovered>>): readonly string[] =>
  report.hosts.flatMap(({ host, services }) =>
    services.flatMap(({ service, refusals }) => refusals.map(({ code }) => `${host} ${service} ${code}`)),
  );

describe('a cluster that can be adopted', () => {
  test('the written inventory is what runs', async () => {
    const found = await discovered(cluster());
    expect(codesOf(found)).toEqual([]);
    expect(found.report.written?.problems).toEqual([]);
    expect(found.code).toBe(0);
    const inventory = await load(found.directory);
    expect(inventory.groups.get('control_plane')).toEqual(['cp-1', 'cp-2']);
    expect(inventory.groups.get('load_balancer')).toEqual(['lb-1']);
    expect(inventory.hosts.get('gw-1')?.ssh.user).toBe('ops');
    const { api7, loadBalancers } = inventory;
    expect(api7.version).toBe('3.10.5');
    expect(api7.database.dsn.reveal()).toBe('postgres://api7ee:word-of-database@10.0.3.31:5432/api7ee');
    expect(api7.images).toEqual({ gateway: 'registry.example.com:5000/team/api7/api7-ee-3-gateway:3.10.5' });
    expect(api7.dashboard.ports).toEqual([
      { name: 'http', protocol: 'tcp', container: 17080, host: 17080, addresses: ['0.0.0.0'] },
    ]);
    const group = gatewayGroupOf(inventory, 'gw-1');
    const env = Object.entries(gatewayEnv(group, { name: 'gw-1' })).map(([name, value]) => [name, reveal(value ?? '')]);
    expect(Object.fromEntries(env)).toEqual(MTLS);
    expect(group.config).toEqual({});
    expect(gatewayUidOf(inventory, 'gw-2')).toBe('2b1f7c1e-59a6-4a33-9d0c-2f6f1c6a9a02');
    expect([...loadBalancers.values()].map(({ name, members, port }) => [name, members.join(), port])).toEqual([
      ['gateways', 'gw-1,gw-2', 9080],
      ['dashboards', 'cp-1,cp-2', 17080],
    ]);
    expect(loadBalancers.get('gateways')).toMatchObject({
      driver: 'haproxy',
      socket: '/run/haproxy/admin.sock',
      hosts: ['lb-1'],
    });
  });

  test('secrets are in files of their owner alone, and nowhere else', async () => {
    const { directory, yaml, text, report } = await discovered(cluster());
    const folder = join(directory, 'prod-secrets');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(['database-dsn', 'gateway-ca', 'gateway-cert', 'gateway-key']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'prod.yaml')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'gateway-key'), 'utf8')).toBe(`${pem('gateway.key')}\n`);
    const [, words = ''] = pem('gateway.key').split('\n');
    for (const shown of [yaml, text, JSON.stringify(report)]) {
      expect(shown).not.toContain('word-of-database');
      expect(shown).not.toContain(words);
    }
  });

  test('the table shows what was found, and the last day of certificates', async () => {
    const { text } = await discovered(cluster());
    expect(text).toMatch(/^HOST +SERVICE +CONTAINER +VERSION +RESULT$/m);
    expect(text).toMatch(/^gw-1 +gateway +\S+ +3\.10\.5 +will be adopted$/m);
    expect(text).toMatch(/^lb-1 +- +- +- +load balancer$/m);
    expect(text).toMatch(/^gw-1 gateway: certificate -e API7_CONTROL_PLANE_CERT valid until \d{4}-\d\d-\d\d$/m);
    expect(text).toMatch(/^pool gateways: load_balancer to data_plane, port 9080$/m);
    expect(text).toContain('lb-1: it sends requests to port 9091 of gw-1, which no service that was found publishes');
    expect(text).toMatch(/^OK: 6 services will be adopted, 0 refused$/m);
    expect(text).toMatch(/^written: .*prod\.yaml\nsecrets: .*prod-secrets$/m);
  });

  test('settings of containers and of the configuration', async () => {
    const plugins = { Type: 'bind', Source: '/srv/plugins', Destination: '/opt/plugins', RW: true } as const;
    const hosts = Object.fromEntries(
      [1, 2].map((n) => [
        `gw-${n}`,
        gatewayHost(
          `gw-${n}`,
          gatewayOf({ ...MTLS, REGION: 'eu-1', PLUGIN_TOKEN: 'word-of-plugin' }, (one) => ({
            ...one,
            container: {
              ...one.container,
              Mounts: [...(one.container.Mounts ?? []), plugins],
              HostConfig: { ...one.container.HostConfig, Memory: 512 * 2 ** 20, NanoCpus: 1.5e9, Dns: ['10.0.0.2'] },
            },
          })),
          {
            seen: {
              [CONFIG]:
                'apisix: { enable_admin: false, status: { ip: 127.0.0.1, port: 7085 } }\nplugin_attr: { x: { api_key: word-of-config } }\nnginx_config: { worker_shutdown_timeout: 30s }\n',
            },
          },
        ),
      ]),
    );
    const found = await discovered({ ...cluster(), ...hosts });
    expect(codesOf(found)).toEqual([]);
    expect(found.report.written?.problems).toEqual([]);
    const group = gatewayGroupOf(await load(found.directory), 'gw-1');
    expect(group.container).toMatchObject({
      memory: 512 * 2 ** 20,
      cpus: 1.5,
      dns: ['10.0.0.2'],
      mounts: [{ source: '/srv/plugins', target: '/opt/plugins', readOnly: false }],
    });
    expect(
      Object.fromEntries(Object.entries(group.container.env).map(([name, value]) => [name, reveal(value)])),
    ).toEqual({
      REGION: 'eu-1',
      PLUGIN_TOKEN: 'word-of-plugin',
    });
    // The status block is what adoption changes; all else is the same.
    expect(JSON.parse(JSON.stringify(gatewayConfig(group)))).toEqual({
      apisix: { enable_admin: false, status: { ip: '0.0.0.0', port: 7085 } },
      plugin_attr: { x: { api_key: '***' } },
      nginx_config: { worker_shutdown_timeout: '30s' },
    });
    expect(found.yaml).not.toMatch(/word-of-(?:plugin|config)/);
  });

  test('gateways of two groups, one of which logs in for each host by itself', async () => {
    const own = { ...MTLS, API7_CONTROL_PLANE_CERT: pem('expired.pem') };
    const found = await discovered(
      {
        ...cluster(),
        'gw-2': gatewayHost('gw-2', gatewayOf(own)),
        'gw-3': gatewayHost('gw-3', gatewayOf({ ...MTLS, API7_GATEWAY_GROUP_SHORT_ID: 'edge' })),
      },
      HOSTS.replace('  lb-1:', '  gw-3: { address: 10.0.2.23 }\n  lb-1:'),
    );
    expect(found.report.written?.problems).toEqual([]);
    const inventory = await load(found.directory);
    expect([...inventory.gatewayGroups.values()].map(({ name, group, hosts }) => [name, group, hosts.join()])).toEqual([
      ['default', 'default', 'gw-1,gw-2'],
      ['edge', 'edge', 'gw-3'],
    ]);
    const certOf = (host: string) =>
      gatewayEnv(gatewayGroupOf(inventory, host), { name: host }).API7_CONTROL_PLANE_CERT;
    expect(certOf('gw-1')).toBe(pem('gateway.pem'));
    expect(certOf('gw-2')).toBe(pem('expired.pem'));
  });

  test('a token over HTTP', async () => {
    const env = {
      API7_CONTROL_PLANE_ENDPOINTS: '["http://10.0.0.11:17900"]',
      API7_GATEWAY_GROUP_SHORT_ID: 'default',
      API7_CONTROL_PLANE_TOKEN: 'word-of-token',
    };
    const hosts = Object.fromEntries(['gw-1', 'gw-2'].map((name) => [name, gatewayHost(name, gatewayOf(env))]));
    const found = await discovered({ ...cluster(), ...hosts });
    expect(codesOf(found)).toEqual([]);
    const group = gatewayGroupOf(await load(found.directory), 'gw-1');
    expect(group.auth.kind === 'token' && group.auth.token.reveal()).toBe('word-of-token');
  });
});

describe('refused, with exit code 2', () => {
  test('a host that does not respond', async () => {
    const { 'gw-2': _gone, ...rest } = cluster();
    const { code, text, report } = await discovered(rest);
    expect(code).toBe(2);
    expect(report.hosts.find(({ host }) => host === 'gw-2')?.error?.code).toBe('CONNECT_TIMED_OUT');
    expect(text).toMatch(/^gw-2 +- +- +- +NOT READ$/m);
  });

  test('hosts of the control plane that differ, named by paths without values', async () => {
    const other = controlPlaneHost('cp-2', {
      seen: { [CONFIGS.dashboard]: controlPlaneConfig(17080, 'postgres://u:another-word@db:5432/x') },
    });
    const found = await discovered({ ...cluster(), 'cp-2': other });
    expect(codesOf(found)).toEqual(['cp-2 dashboard HOSTS_DIFFER']);
    expect(found.text).toContain('differs from the other hosts in dsn');
    expect(found.text).not.toContain('another-word');
    expect(found.yaml).toMatch(/^# - cp-2 dashboard: not adoptable \(HOSTS_DIFFER\)/m);
    expect(found.code).toBe(2);
  });

  test('one uid of two gateways', async () => {
    const { 'gw-1': twin } = cluster();
    const found = await discovered({ ...cluster(), ...(twin && { 'gw-2': twin }) });
    expect(codesOf(found)).toEqual(['gw-1 gateway DUPLICATE_UID', 'gw-2 gateway DUPLICATE_UID']);
  });

  test.each([
    ['without the name that it expects', 'API7_CONTROL_PLANE_SNI', /lacks the variables API7_CONTROL_PLANE_SNI/],
    ['without a group', 'API7_GATEWAY_GROUP_SHORT_ID', /lacks the variables API7_GATEWAY_GROUP_SHORT_ID/],
  ])('a gateway %s', async (_what, name, message) => {
    const { [name]: _left, ...env } = MTLS as Readonly<Record<string, string>>;
    const found = await discovered({ ...cluster(), 'gw-1': gatewayHost('gw-1', gatewayOf(env)) });
    expect(codesOf(found)).toContain('gw-1 gateway SETTING');
    expect(found.text.replaceAll(/\s+/g, ' ')).toMatch(message);
  });

  test('a host outside the group of its service', async () => {
    const text = `${HOSTS}groups: { control_plane: { hosts: [cp-1, cp-2] }, data_plane: { hosts: [gw-1] } }\n`;
    const found = await discovered(cluster(), text);
    expect(codesOf(found)).toEqual(['gw-2 gateway GROUP']);
  });

  test('problems of the written inventory are shown with their lines', async () => {
    const config = { seen: { [CONFIG]: 'apisix: { node_listen: 8000 }\n' } };
    const hosts = Object.fromEntries(
      ['gw-1', 'gw-2'].map((name) => [name, gatewayHost(name, gatewayOf(MTLS), config)]),
    );
    const { code, report } = await discovered({ ...cluster(), ...hosts });
    expect(report.written?.problems.join()).toMatch(/yaml:\d+:\d+: api7\.config\.gateway\.apisix\.node_listen/);
    expect(code).toBe(2);
  });
});

test('a balancer without an admin socket is a note', async () => {
  const { report, code } = await discovered({
    ...cluster(),
    'lb-1': balancerHost('lb-1', 'global\n  stats socket /run/a level user\n'),
  });
  expect(report.notes).toEqual([expect.stringContaining('lb-1: HAProxy has no admin socket: add "stats socket')]);
  expect(report.pools).toEqual([]);
  expect(code).toBe(0);
});

test('a balancer that is installed and does not run is a note; Docker may be missing where one runs, and nowhere else', async () => {
  const idle = gatewayHost('gw-1', gatewayOf(MTLS), { haproxy: () => '' });
  const root = { mode: '0644', owner: 'root', group: 'root' };
  idle.files.makeDirectory('/etc/haproxy', root);
  const config = 'global\n  stats socket /run/haproxy/admin.sock level admin\n';
  idle.files.write('/etc/haproxy/haproxy.cfg', Buffer.from(config), root);
  const { report, code } = await discovered({ ...cluster(), 'gw-1': idle });
  expect(report.notes).toContainEqual(
    expect.stringContaining('gw-1: a balancer is installed, and its pools were not read'),
  );
  expect(code).toBe(0);
  const bare = await discovered({ ...cluster(), 'gw-1': new FakeHost({ name: 'gw-1' }) });
  expect(
    bare.report.hosts.flatMap(({ host, error }) => (error === undefined ? [] : [`${host} ${error.code}`])),
  ).toEqual(['gw-1 DOCKER_NOT_FOUND']);
  expect(bare.code).toBe(2);
});

test('words of hosts draw nothing on the terminal, and end no comment', async () => {
  const evil = (one: ReturnType<typeof gatewayOf>) => ({
    ...one,
    container: {
      ...one.container,
      Name: '/a\u001b[2J\nhosts: {}\u202e',
      HostConfig: { ...one.container.HostConfig, AutoRemove: true },
    },
  });
  const found = await discovered({ ...cluster(), 'gw-1': gatewayHost('gw-1', gatewayOf(MTLS, evil)) });
  expect(codesOf(found)).toEqual(['gw-1 gateway AUTO_REMOVE']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(found.text).not.toMatch(/[\u001b\u202e]/);
  expect(found.yaml.match(/^hosts:/gm)).toHaveLength(1);
  expect(found.report.written?.problems).toEqual([]);
});

describe('files that are there', () => {
  const run = async (out: string) => {
    const { directory } = await discovered(cluster());
    const flags = {
      inventory: join(directory, 'hosts.yaml'),
      forks: '1',
      out: out.startsWith('/') ? out : join(directory, out),
    };
    return discover(flags, { connect: () => expect.fail('connected') });
  };

  test.each([
    ['the inventory', 'prod.yaml', 'exists already'],
    ['its secrets', 'prod.yml', 'prod-secrets exists already'],
    ['in another directory', '/tmp/elsewhere.yaml', 'is not in the directory of the hosts file'],
  ])('%s', async (_what, out, message) => {
    await expect(run(out)).rejects.toThrow(message);
  });
});
