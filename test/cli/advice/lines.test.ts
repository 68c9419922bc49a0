import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { adviceFor } from '../../../src/cli/advice/inventory-advice.ts';
import { adviceLines } from '../../../src/cli/advice/lines.ts';
import { locateInventory } from '../../../src/inventory/load.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

let directory = '';

beforeEach(() => {
  directory = temporaryDirectory('advice');
});

interface Parts {
  readonly endpoint?: string;
  readonly gateway?: string;
  readonly api7?: string;
  readonly hosts?: string;
  readonly gateways?: string;
  readonly pools?: string;
}

/** What is recommended for an inventory of one control plane and one gateway. Lines 3, 4 and 5 are its hosts. */
async function adviceOn({
  endpoint = 'http://10.0.0.10:17900',
  gateway,
  api7 = '',
  hosts = '',
  gateways = 'gw-1',
  pools = '',
}: Parts) {
  const path = join(directory, 'prod.yaml');
  writeFileSync(
    path,
    `cluster: prod
hosts:
  cp-1: { address: 10.0.1.11 }
  gw-1: { address: 10.0.2.21 }
  lb-1: { address: 10.0.0.11 }
${hosts}groups:
  control_plane: { hosts: [cp-1] }
  data_plane: { hosts: [${gateways}] }
  load_balancer: { hosts: [lb-1] }
api7:
  version: "3.10.5"
  database: { host: db, user: api7, password: !env PASSWORD, sslmode: require }
${api7}${gateway ?? `  gateway: { endpoints: ["${endpoint}"], token: !env TOKEN }\n`}${pools}`,
  );
  const { inventory, positions } = await locateInventory(path, {
    env: { PASSWORD: 'the-password', TOKEN: 'the-token' },
  });
  return adviceLines(adviceFor(inventory), 'prod.yaml', positions);
}

const TLS_PORT = '  dp_manager: { ports: { https: 7943 } }\n';
const pool = (name: string, port: number): string =>
  `  ${name}: { driver: haproxy, hosts: lb-1, socket: /run/haproxy/admin.sock, members: control_plane, port: ${port} }\n`;

test('recommends nothing for a cluster that follows every recommendation', async () => {
  expect(await adviceOn({})).toEqual([]);
  expect(await adviceOn({ endpoint: 'https://10.0.0.10:7943', api7: TLS_PORT })).toEqual([]);
  expect(await adviceOn({ endpoint: 'https://dp.example.com' })).toEqual([]);
});

describe('endpoints', () => {
  test.each<[string, Parts, string, string]>([
    [
      'https with the HTTP port',
      { endpoint: 'https://10.0.0.10:17900' },
      'https://10.0.0.10:17900 is an https endpoint, but 17900 is the HTTP port of DP Manager',
      'write port 7943, or http://; leave it where a balancer ends TLS on 17900',
    ],
    [
      'http with the TLS port',
      { endpoint: 'http://10.0.0.10:7943' },
      'http://10.0.0.10:7943 is an http endpoint, but 7943 is the TLS port of DP Manager',
      'write https://, or port 17900',
    ],
    [
      'https with a host port of the inventory',
      { endpoint: 'https://10.0.0.10:8900', api7: '  dp_manager: { ports: { http: 8900, https: 8943 } }\n' },
      'https://10.0.0.10:8900 is an https endpoint, but 8900 is the HTTP port of DP Manager',
      'write port 8943, or http://; leave it where a balancer ends TLS on 8900',
    ],
    [
      'TLS whose port is not published',
      { endpoint: 'https://10.0.0.10:7943' },
      'https://10.0.0.10:7943 leads to the TLS port of DP Manager, which is not published: gateways cannot connect',
      'set api7.dp_manager.ports.https to 7943',
    ],
    [
      'TLS of the host itself, whose port is not published',
      { endpoint: 'https://10.0.1.11:8943' },
      'https://10.0.1.11:8943 leads to the TLS port of DP Manager, which is not published: gateways cannot connect',
      'set api7.dp_manager.ports.https to 7943',
    ],
    [
      'TLS that no pool balances',
      {
        endpoint: 'https://10.0.0.10:7943',
        api7: TLS_PORT,
        pools: `load_balancers:\n${pool('dp_managers', 17900)}`,
      },
      'https://10.0.0.10:7943 is an https endpoint, but dp_managers balances port 17900 of DP Manager, and no pool its TLS port 7943',
      'add a pool with port: 7943 (TCP pass-through) under load_balancers; leave it where the balancer ends TLS',
    ],
  ])('%s', async (_, parts, message, hint) => {
    const line = parts.api7 === undefined ? 13 : 14;
    expect(await adviceOn(parts)).toEqual([
      `prod.yaml:${line}:26: api7.gateway.endpoints[0]: recommended: ${message}`,
      `hint: ${hint}`,
    ]);
  });

  test('that several gateway groups have in common are named once, those of one at the group', async () => {
    const lines = await adviceOn({
      endpoint: 'https://10.0.0.10:17900',
      hosts: '  gw-2: { address: 10.0.2.22 }\n  gw-3: { address: 10.0.2.23 }\n',
      gateways: 'gw-1, gw-2, gw-3',
      pools: `gateway_groups:
  one: { hosts: gw-1, group: default }
  two: { hosts: gw-2, group: default }
  three: { hosts: gw-3, group: default, endpoints: ["http://10.0.0.10:7943"] }
`,
    });
    expect(lines).toEqual([
      expect.stringMatching(/^prod\.yaml:15:26: api7\.gateway\.endpoints\[0\]: recommended: https:/),
      expect.stringMatching(/^hint: write port 7943/),
      expect.stringMatching(/^prod\.yaml:19:53: gateway_groups\.three\.endpoints\[0\]: recommended: http:/),
      expect.stringMatching(/^hint: write https/),
    ]);
  });

  test('a balanced TLS port is in order', async () => {
    const pools = `load_balancers:\n${pool('dp_managers', 17900)}${pool('dp_managers_tls', 7943)}`;
    expect(await adviceOn({ endpoint: 'https://10.0.0.10:7943', api7: TLS_PORT, pools })).toEqual([]);
  });
});

describe('registries', () => {
  const login = (name: string): string => `  registries: { "${name}": { username: robot, password: !env PASSWORD } }\n`;

  test('that no image is pulled from', async () => {
    expect(await adviceOn({ api7: `  registry: registry.example.com/team\n${login('registry.exmaple.com')}` })).toEqual(
      [
        'prod.yaml:14:17: api7.registries.registry.exmaple.com: recommended: no image is pulled from this registry: images come from registry.example.com',
        'hint: correct its name, name it in api7.registry or api7.images, or remove it',
      ],
    );
  });

  test.each([
    ['of the images', `  registry: registry.example.com/team\n${login('registry.example.com')}`],
    ['of a single image', `  images: { gateway: "own.example.com/gateway:1" }\n${login('own.example.com')}`],
    ['of Docker Hub', login('docker.io')],
    [
      'of a mirror',
      '  registries: { docker.io: { mirrors: [mirror.example.com/hub] }, mirror.example.com: { username: robot, password: !env PASSWORD } }\n',
    ],
  ])('%s are in order', async (_, api7) => {
    expect(await adviceOn({ api7 })).toEqual([]);
  });

  test('are of no use to packages', async () => {
    const api7 = `  package: { control_plane: cp.tar.gz, data_plane: dp.tar.gz }\n${login('docker.io')}`;
    expect((await adviceOn({ api7 }))[0]).toContain('images come from the packages of api7.package');
  });
});

describe('hosts', () => {
  test('in no group', async () => {
    expect(await adviceOn({ hosts: '  gw-2: { address: 10.0.2.22 }\n' })).toEqual([
      'prod.yaml:6:3: hosts.gw-2: recommended: this host is in no group, and no pool names it: playbooks install nothing there',
      'hint: add it to control_plane, data_plane or load_balancer under groups, or remove it',
    ]);
  });

  test('that a pool names', async () => {
    const hosts = '  lb-2: { address: 10.0.0.12 }\n';
    const pools = `load_balancers:\n${pool('dp_managers', 17900).replace('lb-1', 'lb-2')}`;
    expect(await adviceOn({ hosts, pools })).toEqual([]);
  });
});
