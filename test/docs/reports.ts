import type { Finding } from '../../src/api7/image-contract/finding.ts';
import type { CheckedHost, CheckReport } from '../../src/cli/check/report.ts';
import type { DiscoverReport, ShownService } from '../../src/cli/discover/report.ts';
import type { ImagesReport } from '../../src/cli/images/report.ts';
import type { BalancerEntry, PoolsReport } from '../../src/cli/lb/report.ts';
import type { HostReport, ServiceReport, StatusReport } from '../../src/cli/status/report.ts';

/** The reports behind the outputs on the pages: gw-1 is drained by an operator, gw-2 has exited, gw-3 is in maintenance. */
const AT = '2026-03-01T12:00:00.000Z';
const FOUR_MINUTES_AGO = '2026-03-01T11:56:00.000Z';
const LEASE = { by: 'ops@desk', at: FOUR_MINUTES_AGO, reason: 'new disks', kind: 'hand' } as const;

const balancer = (
  host: string,
  state: 'up' | 'down' | 'drained' | 'maintenance',
  more: Partial<BalancerEntry> = {},
): BalancerEntry => ({
  host,
  state,
  sessions: 0,
  servers: [{ name: 'gateways/gw', state, sessions: 0, sticky: false }],
  lease: null,
  held: [],
  ...more,
});
const EXTERNAL = { held: ['gateways/gw-3'] };

const service = (name: string, more: Partial<ServiceReport> = {}): ServiceReport => ({
  service: name,
  healthy: true,
  container: `api7-${name}`,
  version: '3.10.5',
  image: null,
  state: 'running',
  restarts: 0,
  exitCode: null,
  startedAt: null,
  answers: [{ path: '/healthz', status: 200 }],
  traffic: [],
  notAsked: [],
  ...more,
});
const host = (name: string, healthy: boolean, ...services: readonly ServiceReport[]): HostReport => ({
  host: name,
  address: '10.0.2.21',
  healthy,
  services,
});
const pool = <T>(...entries: readonly T[]) => entries.map((entry) => ({ ...entry, pool: 'gateways' }));
const READY = [
  { path: '/status', status: 200 },
  { path: '/status/ready', status: 200 },
];

export const STATUS: StatusReport = {
  cluster: 'prod',
  at: AT,
  hosts: [
    host(
      'cp-1',
      true,
      service('dashboard', { traffic: pool(balancer('lb-1', 'up')) }),
      service('dp-manager', { traffic: pool(balancer('lb-1', 'up', { sessions: 2 })) }),
    ),
    host(
      'gw-1',
      false,
      service('gateway', { answers: READY, traffic: pool(balancer('lb-1', 'drained', { lease: LEASE })) }),
    ),
    host(
      'gw-2',
      false,
      service('gateway', {
        state: 'exited',
        exitCode: 1,
        answers: [{ path: '/status', status: null }],
        traffic: pool(balancer('lb-1', 'down')),
      }),
    ),
    host(
      'gw-3',
      false,
      service('gateway', {
        answers: READY,
        traffic: pool(balancer('lb-1', 'up'), balancer('lb-2', 'maintenance', EXTERNAL)),
      }),
    ),
  ],
  certificates: [],
  errors: [],
};

export const POOLS: PoolsReport = {
  cluster: 'prod',
  at: AT,
  pools: [
    {
      name: 'gateways',
      driver: 'haproxy',
      port: 9080,
      members: [
        {
          node: 'gw-1',
          address: '10.0.2.21',
          balancers: ['lb-1', 'lb-2'].map((lb) => balancer(lb, 'drained', { lease: LEASE })),
        },
        { node: 'gw-2', address: '10.0.2.22', balancers: ['lb-1', 'lb-2'].map((lb) => balancer(lb, 'down')) },
        {
          node: 'gw-3',
          address: '10.0.2.23',
          balancers: [balancer('lb-1', 'up'), balancer('lb-2', 'maintenance', EXTERNAL)],
        },
      ],
    },
  ],
  strays: [],
  errors: [],
};

const checked = (name: string, passed: number, ...findings: CheckedHost['checks']): CheckedHost => ({
  host: name,
  checks: [
    ...Array.from({ length: passed }, (_, at) => ({ check: `check ${at}`, result: 'ok' as const })),
    ...findings,
  ],
});

export const CHECK: CheckReport = {
  cluster: 'prod',
  at: AT,
  hosts: [
    checked('inventory', 5),
    checked('cp-1', 18, {
      check: 'database version',
      result: 'warning',
      message: 'PostgreSQL 14.9 is older than 15',
      hint: 'upgrade PostgreSQL to 15 (pg_upgrade); the vendor tests with that version',
    }),
    checked('cp-2', 19),
    checked('gw-1', 15, {
      check: 'ports',
      result: 'failed',
      message: 'port 0.0.0.0:9080 is held by process "apache2" of the host',
      hint: "find it (ss -ltnp) and stop it, or bind other addresses in the inventory's api7.bind",
    }),
    checked('lb-1', 9),
  ],
};

const PATH = '/usr/local/apisix/conf/config.yaml';
const met = (what: string): Finding => ({ what, expected: '', outcome: 'met', found: '' });
const notShown = (what: string, found: string): Finding => ({ what, expected: '', outcome: 'notShown', found });

export const IMAGES: ImagesReport = {
  at: AT,
  version: '0.1.0',
  cluster: 'prod',
  images: [
    {
      service: 'gateway',
      ref: 'api7/api7-ee-3-gateway:3.10.5',
      host: 'gw-1',
      engine: '27.0.0',
      facts: {
        id: 'sha256:1',
        digests: [],
        architecture: 'amd64',
        user: '636',
        entrypoint: [],
        cmd: [],
        stopSignal: 'SIGQUIT',
        ports: [],
        variables: [],
      },
      findings: [
        ...['architecture', 'stop signal', 'user', 'entrypoint'].map(met),
        {
          what: 'version',
          expected: '3.10.5',
          outcome: 'differs',
          found: '3.10.4 (apisix version)',
          next: 'the tag may name another release; correct api7.version or api7.images, or get the image again',
        },
        {
          what: 'configuration file',
          expected: 'read at its path',
          outcome: 'differs',
          found: 'not read: apisix init accepts a broken file there',
          next: `do not install it: api7.config.gateway, mounted at ${PATH}, would have no effect`,
        },
        ...['apisix init', 'apisix test', '/status', '/status/ready'].map((what) =>
          notShown(what, 'the configuration file is not read'),
        ),
        notShown('control API', 'no response; not used yet'),
        notShown('quit on SIGQUIT', 'no request could be held open: 404 at once'),
      ],
    },
  ],
  errors: [],
};

const found = (
  name: 'dashboard' | 'dp_manager' | 'gateway',
  container: string,
  more: Partial<ShownService> = {},
): ShownService => ({
  service: name,
  container,
  id: 'b'.repeat(64),
  image: 'api7/api7-ee-3-gateway:3.10.5',
  version: '3.10.5',
  uid: null,
  verdict: 'adoptable',
  refusals: [],
  certificates: [],
  ...more,
});

/** docs/adopting.md shows it. */
export const DISCOVER: DiscoverReport = {
  cluster: 'prod',
  at: '2026-11-30T10:00:00.000Z',
  hosts: [
    {
      host: 'cp-1',
      services: [found('dashboard', 'eager_bose'), found('dp_manager', 'jolly_carson')],
      balances: false,
      aside: [],
    },
    {
      host: 'cp-2',
      services: [found('dashboard', 'quirky_noether'), found('dp_manager', 'silly_kare')],
      balances: false,
      aside: [],
    },
    {
      host: 'gw-1',
      services: [
        found('gateway', 'wonderful_pike', {
          certificates: [
            { place: '-e API7_CONTROL_PLANE_CERT', validTo: '2027-11-02T00:00:00.000Z' },
            { place: '-e API7_CONTROL_PLANE_CA', validTo: '2035-11-02T00:00:00.000Z' },
          ],
        }),
      ],
      balances: false,
      aside: [],
    },
    {
      host: 'gw-2',
      services: [
        found('gateway', 'sweet_albattani', {
          verdict: 'refused',
          refusals: [
            {
              code: 'AUTO_REMOVE',
              message: 'sweet_albattani: it was started with --rm and vanishes when it is stopped',
              hint: 'create the container again without --rm while its node is drained: docker inspect sweet_albattani shows what it was given',
            },
          ],
        }),
      ],
      balances: false,
      aside: [],
    },
    { host: 'lb-1', services: [], balances: true, aside: [] },
  ],
  pools: [
    { name: 'gateways', hosts: 'load_balancer', members: 'data_plane', port: 9080 },
    { name: 'dashboards', hosts: 'load_balancer', members: 'control_plane', port: 17080 },
  ],
  notes: [],
  written: { inventory: '/home/you/prod.yaml', secrets: '/home/you/prod-secrets', problems: [] },
};
