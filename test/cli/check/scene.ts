import { join } from 'node:path';
import { check } from '../../../src/cli/check/check.ts';
import type { CheckReport } from '../../../src/cli/check/report.ts';
import type { EngineInfo } from '../../../src/core/host/docker.ts';
import { FakeDocker } from '../../../src/testing/fake-docker.ts';
import { FakeHost, type FakeHostOptions } from '../../../src/testing/fake-host.ts';
import { FakeHaproxy, type FakeServer } from '../../support/balancers/fake-haproxy.ts';
import { INVENTORY, LbScene } from '../lb/scene.ts';

const CERTIFICATES = join(import.meta.dirname, '../../fixtures/certificates');
const TOKEN = 'token: some-token';

/** The faults of a cluster: by host, and of the inventory's certificate and its balancer. */
export interface Faults {
  readonly hosts?: Readonly<Record<string, Partial<FakeHostOptions>>>;
  readonly engines?: Readonly<Record<string, Partial<EngineInfo>>>;
  /** Hosts without Docker. */
  readonly noDocker?: readonly string[];
  /** Hosts without flock. */
  readonly noFlock?: readonly string[];
  /** Hosts with curl that get no response. */
  readonly deaf?: readonly string[];
  /** Name of the certificate's file. Default: the gateways have a token. */
  readonly cert?: string;
  readonly servers?: readonly FakeServer[];
  /** Level of the balancers' socket. */
  readonly level?: string;
  readonly inventory?: (text: string) => string;
  /** Hosts that refuse connections. */
  readonly dead?: readonly string[];
}

const SERVERS: readonly FakeServer[] = [
  { backend: 'gateways', name: 'gw-1', address: '10.0.2.21', port: 9080 },
  { backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080 },
];

export interface CheckRun {
  readonly code: number;
  readonly text: string;
  readonly report: CheckReport;
  readonly hosts: Readonly<Record<string, FakeHost>>;
}

/** Runs `check` on a cluster in memory, as text and as JSON. */
export async function checked(faults: Faults = {}, pattern = 'all'): Promise<CheckRun> {
  const { servers = SERVERS, level = 'admin', cert, inventory = (text) => text } = faults;
  const secure = (file: string) =>
    INVENTORY.replace(TOKEN, certificate(file)).replace('http://10.0.0.11:17900', 'https://10.0.0.11:7943');
  const text = inventory(cert === undefined ? INVENTORY : secure(cert));
  const names = [...text.matchAll(/^ {2}(\S+): \{ address:/gm)].map(([, name = '']) => name);
  const hosts = Object.fromEntries(names.map((name) => [name, hostOf(name, faults, { servers, level })]));
  const scene = new LbScene({ inventory: text, more: hosts });
  for (const name of faults.dead ?? []) scene.dead.add(name);
  const clock = { ...scene.clock, wall: () => Date.parse('2027-01-01') };
  const run = async (output: 'table' | 'json'): Promise<{ readonly code: number; readonly text: string }> => {
    const environment = { ...scene.outside, clock };
    return {
      code: await check(pattern, { inventory: scene.file, forks: '50', output }, environment),
      text: scene.printed,
    };
  };
  const table = await run('table');
  const json = await run('json');
  return { ...table, report: JSON.parse(json.text), hosts };
}

const certificate = (file: string): string =>
  `cert: !file ${join(CERTIFICATES, file)}, key: !file ${join(CERTIFICATES, 'gateway.key')}, ca: !file ${join(CERTIFICATES, 'ca.pem')}`;

function hostOf(
  name: string,
  { hosts = {}, engines = {}, noFlock = [], noDocker = [], deaf = [] }: Faults,
  { servers, level }: { readonly servers: readonly FakeServer[]; readonly level: string },
): FakeHost {
  const haproxy = new FakeHaproxy({ clock: { now: () => 0 }, servers });
  haproxy.level = level;
  return new FakeHost({
    name,
    ...(name.startsWith('lb-')
      ? haproxy.host
      : noDocker.includes(name)
        ? {}
        : { docker: new FakeDocker({ files: { read: () => null }, info: { MemTotal: 8e9, ...engines[name] } }) }),
    command: () => ({ code: deaf.includes(name) ? 7 : 52 }),
    ...hosts[name],
    facts: { hasFlock: !noFlock.includes(name), ...hosts[name]?.facts },
  });
}

/** The findings, as `host check CODE`; `?` after a warning, `-` after a hidden one. */
export const findingsOf = ({ report }: CheckRun): readonly string[] =>
  report.hosts.flatMap(({ host, checks }) =>
    checks.flatMap(({ check: name, result, code, message }) =>
      message === undefined
        ? []
        : [`${host} ${name} ${code}${{ failed: '', warning: '?', notShown: '-', ok: '!' }[result]}`],
    ),
  );
