import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { discover } from '../../../src/cli/discover/discover.ts';
import type { DiscoverReport } from '../../../src/cli/discover/report.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { type Around, type Recorded, recorded, recordedHost } from '../../adopt/running/recorded-host.ts';
import { TextStream } from '../../render/text-stream.ts';
import { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

export const HOSTS = `# as we reach them
cluster: prod
ssh: { user: ops, identity_file: ~/.ssh/id_ed25519 }
hosts:
  cp-1: { address: 10.0.1.11 }
  cp-2: { address: 10.0.1.12 }
  gw-1: { address: 10.0.2.21 }
  gw-2: { address: 10.0.2.22 }
  lb-1: { address: 10.0.0.11 }
`;

const DSN = 'postgres://api7ee:word-of-database@10.0.3.31:5432/api7ee';

/** A container of another service of API7, in the form of the recorded one. */
function as(repository: string, port: number, configPath: string): Recorded {
  const ref = `api7/${repository}:v3.10.5`;
  const bound = { [`${port}/tcp`]: [{ HostIp: '', HostPort: String(port) }] };
  return recorded('vendor', ({ summary, container, image }) => ({
    summary: { ...summary, Id: port + summary.Id, Image: ref },
    image,
    container: {
      ...container,
      Id: port + container.Id,
      Config: { ...container.Config, Image: ref, Hostname: '' },
      State: { ...container.State, Pid: port },
      HostConfig: { ...container.HostConfig, PortBindings: bound },
      NetworkSettings: { Ports: bound, Networks: { bridge: {} } },
      Mounts: [{ Type: 'bind', Source: `/root/${repository}.yaml`, Destination: configPath, RW: true }],
    },
  }));
}

export const CONFIGS = { dashboard: '/app/conf/config.yaml', dpManager: '/usr/local/api7/conf/config.yaml' };

export const controlPlaneConfig = (port: number, dsn = DSN): string =>
  `server:\n  listen:\n    host: "0.0.0.0"\n    port: ${port}\ndatabase:\n  dsn: "${dsn}"\n`;

export const controlPlaneHost = (name: string, around: Around = {}): FakeHost =>
  recordedHost(
    [as('api7-ee-3-integrated', 17080, CONFIGS.dashboard), as('api7-ee-dp-manager', 17900, CONFIGS.dpManager)],
    {
      ...around,
      name,
      seen: {
        [CONFIGS.dashboard]: controlPlaneConfig(17080),
        [CONFIGS.dpManager]: controlPlaneConfig(17900),
        ...around.seen,
      },
    },
  );

/** A gateway that the dashboard's script started, with these variables in place of the recorded ones. */
export function gatewayOf(
  env: Readonly<Record<string, string>>,
  change: (one: Recorded) => Recorded = (one) => one,
): Recorded {
  return recorded('generated', (one) => {
    const own = (one.container.Config.Env ?? []).filter(
      (entry) => !(entry.split('=')[0] ?? '' in env) && !entry.startsWith('API7_'),
    );
    const Env = [...own, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
    const bound = Object.fromEntries(
      ['9080/tcp', '9443/tcp'].map((key) => [key, [{ HostIp: '', HostPort: key.slice(0, 4) }]]),
    );
    return change({
      ...one,
      container: {
        ...one.container,
        Config: { ...one.container.Config, Env },
        HostConfig: { ...one.container.HostConfig, PortBindings: bound },
        NetworkSettings: { Ports: bound, Networks: { bridge: {} } },
      },
    });
  });
}

const CERTIFICATES = join(import.meta.dirname, '../../fixtures/certificates');
export const pem = (name: string): string => readFileSync(join(CERTIFICATES, name), 'utf8');

export const MTLS = {
  API7_CONTROL_PLANE_ENDPOINTS: '["https://10.0.0.11:7943"]',
  API7_GATEWAY_GROUP_SHORT_ID: 'default',
  API7_CONTROL_PLANE_CERT: pem('gateway.pem'),
  API7_CONTROL_PLANE_KEY: pem('gateway.key'),
  API7_CONTROL_PLANE_CA: pem('ca.pem'),
  API7_CONTROL_PLANE_SNI: 'api7ee3-dp-manager',
};

const uidOf = (n: number): string => `2b1f7c1e-59a6-4a33-9d0c-2f6f1c6a9a0${n}`;

export const gatewayHost = (name: string, document: Recorded, around: Around = {}): FakeHost =>
  recordedHost([document], {
    ...around,
    name,
    seen: { '/usr/local/apisix/conf/apisix.uid': `${uidOf(Number(name.at(-1)))}\n`, ...around.seen },
  });

/** HAProxy in front of both gateways and both dashboards. */
export function balancerHost(
  name: string,
  config = 'global\n  stats socket /run/haproxy/admin.sock mode 600 level admin\n',
): FakeHost {
  const servers = [
    ...['10.0.2.21', '10.0.2.22'].map((address) => ({ backend: 'gw', name: address, address, port: 9080 })),
    ...['10.0.1.11', '10.0.1.12'].map((address) => ({ backend: 'ui', name: address, address, port: 17080 })),
    { backend: 'other', name: 'web', address: '10.9.9.9', port: 80 },
    { backend: 'odd', name: 'odd', address: '10.0.2.21', port: 9091 },
  ];
  const host = new FakeHost({ name, ...new FakeHaproxy({ clock: { now: () => 0 }, servers }).host });
  const root = { mode: '0644', owner: 'root', group: 'root' };
  host.files.makeDirectory('/etc/haproxy', root);
  host.files.write('/etc/haproxy/haproxy.cfg', Buffer.from(config), root);
  host.onWrite = () => {
    throw new Error('a host that is only looked at was written to');
  };
  return host;
}

export const cluster = (): Record<string, FakeHost> => ({
  'cp-1': controlPlaneHost('cp-1'),
  'cp-2': controlPlaneHost('cp-2'),
  'gw-1': gatewayHost('gw-1', gatewayOf(MTLS)),
  'gw-2': gatewayHost('gw-2', gatewayOf(MTLS)),
  'lb-1': balancerHost('lb-1'),
});

export interface Discovered {
  readonly code: number;
  readonly text: string;
  readonly report: DiscoverReport;
  readonly directory: string;
  /** What was written. */
  readonly yaml: string;
}

/** Runs `discover` on hosts in memory: for people with `--out`, then as JSON. */
export async function discovered(
  hosts: Readonly<Record<string, FakeHost>>,
  text = HOSTS,
  unmanaged: readonly string[] = [],
): Promise<Discovered> {
  const directory = temporaryDirectory('discover');
  const inventory = join(directory, 'hosts.yaml');
  writeFileSync(inventory, text);
  chmodSync(inventory, 0o644);
  const connect = async (name: string) => {
    const host = hosts[name];
    if (host === undefined)
      throw new OrchError('CONNECT_TIMED_OUT', `${name} did not respond`, { host: name, hint: 'check it' });
    return host;
  };
  const run = async (output: 'table' | 'json', out: string) => {
    const stdout = new TextStream();
    const code = await discover(
      { inventory, forks: '50', output, out: join(directory, out), unmanaged },
      {
        connect,
        stdout: stdout as unknown as NodeJS.WriteStream,
        stderr: new TextStream() as unknown as NodeJS.WriteStream,
      },
    );
    return { code, text: stdout.text };
  };
  const table = await run('table', 'prod.yaml');
  const json = await run('json', 'json.yaml');
  return {
    ...table,
    report: JSON.parse(json.text),
    directory,
    yaml: readFileSync(join(directory, 'prod.yaml'), 'utf8'),
  };
}
