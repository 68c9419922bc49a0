import type { AdoptionOnHost } from '../../adopt/kept.ts';
import { validUntil } from '../../api7/checks/certificates.ts';
import { certificatesOf } from '../../api7/checks/inventory-certificates.ts';
import { requestPorts, serviceBehind } from '../../api7/services.ts';
import { defined } from '../../core/base/data.ts';
import { redact } from '../../core/base/redact.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { PoolSnapshot } from '../../traffic/pool-snapshot.ts';
import { type BalancerReport, balancerReport, isHealthy } from '../lb/report.ts';
import type { Answer, HostSeen, ServiceSeen } from './read-hosts.ts';

/** `status -o json`, as docs/operations.md describes it: later versions add fields and never remove one. */
export interface StatusReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly hosts: readonly HostReport[];
  /** Certificates of the inventory, by their position in it. */
  readonly certificates: readonly CertificateReport[];
  /** Errors of reading; each once. */
  readonly errors: readonly ErrorInfo[];
}

interface CertificateReport {
  /** `api7.gateway`. */
  readonly place: string;
  /** ISO time; `null`: unreadable. */
  readonly validUntil: string | null;
}

export interface HostReport {
  readonly host: string;
  readonly address: string;
  /** All its services run, respond and are in service. */
  readonly healthy: boolean;
  readonly services: readonly ServiceReport[];
  /** Why it could not be reached; then only the traffic of its services is known. */
  readonly error?: ErrorInfo;
}

export interface ServiceReport {
  readonly service: string;
  readonly healthy: boolean;
  readonly container: string;
  /** Without a leading "v"; `null`: it has no container, or its image has no tag. */
  readonly version: string | null;
  readonly image: string | null;
  /** Docker's own state: `running`, `restarting`, `exited` …; `absent`; `unknown` with an `error`. */
  readonly state: string;
  readonly restarts: number;
  /** Set after its end. */
  readonly exitCode: number | null;
  readonly startedAt: string | null;
  readonly answers: readonly Answer[];
  /** Empty: no managed balancer sends it requests. */
  readonly traffic: readonly (BalancerReport & { readonly pool: string })[];
  /** Pools with `driver: none`. */
  readonly notAsked: readonly { readonly pool: string; readonly reason: string }[];
  /** Containers that were taken over and are kept, stopped, and the phase of an adoption that is not finished. Left out: neither. */
  readonly adoption?: AdoptionOnHost;
  readonly error?: ErrorInfo;
}

/** The readings by host. Pure. */
export function statusReport(
  inventory: Inventory,
  seen: readonly HostSeen[],
  looked: PoolSnapshot,
  at: Date,
): StatusReport {
  const hosts = seen.map((one): HostReport => {
    const { name: host, address } = one.host;
    const services = one.services.map((service, index) => serviceReport(inventory, host, service, index === 0, looked));
    const error = defined({ error: one.error && redactError(one.error) });
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
  { service, container, answers, adoption, error }: ServiceSeen,
  isFirst: boolean,
  { found }: PoolSnapshot,
): ServiceReport {
  // A pool on another port than API7's (a stream route) is reported with the host's first service.
  const serves = (port: number | undefined): boolean =>
    port === undefined ||
    requestPorts(service).includes(port) ||
    (isFirst && serviceBehind(inventory, { node: host, port }) === undefined);
  const traffic = found
    .filter(({ poolMember }) => poolMember.member.node === host && serves(poolMember.member.port))
    .map((one) => ({ pool: one.poolMember.pool.name, ...balancerReport(one) }));
  const notAsked = [...inventory.loadBalancers.values()].flatMap((pool) =>
    pool.driver === 'none' && pool.members.includes(host) && serves(pool.port)
      ? [{ pool: pool.name, reason: pool.reason }]
      : [],
  );
  const { State, RestartCount = 0, Config } = container ?? {};
  const running = State?.Status === 'running';
  return {
    service: SERVICE_NAMES[service.name],
    healthy: running && answers.every(isGood) && traffic.every(isHealthy),
    container: service.container,
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
    ...(adoption !== undefined && (adoption.kept.length > 0 || adoption.underWay !== undefined) ? { adoption } : {}),
    ...defined({ error: error && redactError(error) }),
  };
}

const SERVICE_NAMES = { gateway: 'gateway', dashboard: 'dashboard', dpManager: 'dp-manager' } as const;

/** Older gateways have no readiness path. */
const isGood = ({ path, status }: Answer): boolean => status === 200 || (status === 404 && path === '/status/ready');

/** The tag in the vendor's numbering: control-plane images are tagged `v3.10.5`, gateway images `3.10.5`. */
function versionOf(image: string): string | null {
  const [, tag] = /:([^:/@]+)(?:@.*)?$/.exec(image.startsWith('sha256:') ? '' : image) ?? [];
  return tag === undefined ? null : tag.replace(/^v(?=\d)/, '');
}
