import { certificatesOf, validUntil } from '../../api7/checks/certificates.ts';
import { requestPorts, serviceBehind } from '../../api7/services.ts';
import { defined } from '../../core/base/data.ts';
import { redact } from '../../core/base/redact.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { PoolSnapshot } from '../../traffic/pool-snapshot.ts';
import { isHealthy, type StandingReport, standingReport } from '../lb/report.ts';
import type { Answer, HostSeen, ServiceSeen } from './read-hosts.ts';

/** `status -o json`, as docs/operations.md describes it: fields are added to it, never taken away. */
export interface StatusReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly hosts: readonly HostReport[];
  /** Certificates of the inventory, by where it has them. */
  readonly certificates: readonly CertificateReport[];
  /** What could not be looked at; each once. */
  readonly errors: readonly ErrorInfo[];
}

export interface CertificateReport {
  /** `api7.gateway`. */
  readonly place: string;
  /** ISO time; `null`: it is not readable. */
  readonly validUntil: string | null;
}

export interface HostReport {
  readonly host: string;
  readonly address: string;
  /** Everything on it runs, answers, and is in full service. */
  readonly healthy: boolean;
  readonly services: readonly ServiceReport[];
  /** Why it could not be reached; of its services only the traffic is known then. */
  readonly error?: ErrorInfo;
}

export interface ServiceReport {
  readonly service: string;
  readonly healthy: boolean;
  readonly container: string;
  /** Without a leading "v"; `null`: it has no container, or its image has no tag. */
  readonly version: string | null;
  readonly image: string | null;
  /** In Docker's own words: `running`, `restarting`, `exited` …; `absent`; `unknown` with an `error`. */
  readonly state: string;
  readonly restarts: number;
  /** Of one that has ended. */
  readonly exitCode: number | null;
  readonly startedAt: string | null;
  readonly answers: readonly Answer[];
  /** Empty: no balancer that is spoken to sends it requests. */
  readonly traffic: readonly (StandingReport & { readonly pool: string })[];
  /** Pools whose balancers are not spoken to. */
  readonly notAsked: readonly { readonly pool: string; readonly reason: string }[];
  readonly error?: ErrorInfo;
}

/** What was seen, host by host. Pure. */
export function statusReport(
  inventory: Inventory,
  seen: readonly HostSeen[],
  looked: PoolSnapshot,
  at: Date,
): StatusReport {
  const hosts = seen.map((one): HostReport => {
    const { name: host, address } = one.host;
    const services = one.services.map((service, index) => serviceReport(inventory, host, service, index === 0, looked));
    const error = one.error === undefined ? {} : { error: redactError(one.error) };
    return { host, address, healthy: services.every(({ healthy }) => healthy), services, ...error };
  });
  const faults = hosts.flatMap(({ error, services }) => [error, ...services.flatMap(faultsOf)]);
  const errors = new Map(faults.flatMap((fault) => (fault === undefined ? [] : [[JSON.stringify(fault), fault]])));
  const certificates = certificatesOf(inventory).map((one) => ({
    place: one.place,
    validUntil: validUntil(one)?.toISOString() ?? null,
  }));
  return { cluster: inventory.cluster, at: at.toISOString(), hosts, certificates, errors: [...errors.values()] };
}

const faultsOf = ({ error, traffic }: ServiceReport): readonly (ErrorInfo | undefined)[] => [
  error,
  ...traffic.map((one) => ('error' in one ? one.error : undefined)),
];

function serviceReport(
  inventory: Inventory,
  host: string,
  { component, container, answers, error }: ServiceSeen,
  isFirst: boolean,
  { found }: PoolSnapshot,
): ServiceReport {
  // A pool on a port that is none of API7's (a stream route) is told of with the host's first service.
  const serves = (port: number | undefined): boolean =>
    port === undefined ||
    requestPorts(component).includes(port) ||
    (isFirst && serviceBehind(inventory, { node: host, port }) === undefined);
  const traffic = found
    .filter(({ seat }) => seat.member.node === host && serves(seat.member.port))
    .map((one) => ({ pool: one.seat.pool.name, ...standingReport(one) }));
  const notAsked = [...inventory.loadBalancers.values()].flatMap((pool) =>
    pool.driver === 'none' && pool.members.includes(host) && serves(pool.port)
      ? [{ pool: pool.name, reason: pool.reason }]
      : [],
  );
  const { State, RestartCount = 0, Config } = container ?? {};
  const running = State?.Status === 'running';
  return {
    service: SERVICE_NAMES[component.name],
    healthy: running && answers.every(isGood) && traffic.every(isHealthy),
    container: component.container,
    version: Config === undefined ? null : versionOf(Config.Image),
    image: Config?.Image ?? null,
    state: error === undefined ? (State?.Status ?? 'absent') : 'unknown',
    restarts: RestartCount,
    exitCode: State === undefined || running ? null : State.ExitCode,
    startedAt: State?.StartedAt ?? null,
    answers: answers.map((one) => ({
      ...one,
      ...defined({ why: one.why === undefined ? undefined : redact(one.why) }),
    })),
    traffic,
    notAsked,
    ...(error === undefined ? {} : { error: redactError(error) }),
  };
}

const SERVICE_NAMES = { gateway: 'gateway', dashboard: 'dashboard', dpManager: 'dp-manager' } as const;

/** An older gateway has no path that says whether it is ready. */
const isGood = ({ path, status }: Answer): boolean => status === 200 || (status === 404 && path === '/status/ready');

/** The tag, as the vendor counts: control-plane images are tagged `v3.10.5`, gateway images `3.10.5`. */
function versionOf(image: string): string | null {
  const [, tag] = /:([^:/@]+)(?:@.*)?$/.exec(image.startsWith('sha256:') ? '' : image) ?? [];
  return tag === undefined ? null : tag.replace(/^v(?=\d)/, '');
}
