import pLimit from 'p-limit';
import { type AdoptionOnHost, adoptionOnHost } from '../../adopt/kept.ts';
import { type Service, servicesOn } from '../../api7/services.ts';
import { isConnectionLost, OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import type { Inventory, InventoryHost } from '../../inventory/inventory.ts';
import type { Connections } from '../../traffic/pool-snapshot.ts';

/** The response to a GET on the host itself; without a status: the reason. */
export interface Answer {
  readonly path: string;
  readonly status: number | null;
  readonly why?: string;
}

/** One of API7's services on a host. */
export interface ServiceSeen {
  readonly service: Service;
  /** `null`: the container does not exist. */
  readonly container: ContainerInspect | null;
  /** The first one is the health check; gateways have a second one for readiness. */
  readonly answers: readonly Answer[];
  /** What adoptions have left, or have not finished. */
  readonly adoption?: AdoptionOnHost;
  /** Why it could not be read. */
  readonly error?: ErrorInfo;
}

export interface HostSeen {
  readonly host: InventoryHost;
  readonly services: readonly ServiceSeen[];
  /** Why it could not be reached. */
  readonly error?: ErrorInfo;
}

const ANSWER_MS = 3000;

/** Reads all these hosts, each in one batch. Never throws: errors become findings. */
export const readHosts = (
  inventory: Inventory,
  targets: readonly InventoryHost[],
  { hosts, forks }: { readonly hosts: Connections; readonly forks: number },
): Promise<readonly HostSeen[]> =>
  pLimit(forks).map([...targets], async (host): Promise<HostSeen> => {
    const services = servicesOn(inventory, host);
    try {
      const reader: Reader = await hosts.get(host.name);
      return { host, services: await Promise.all(services.map((service) => readService(service, reader))) };
    } catch (raised) {
      const error = errorInfoOf(raised, { host: host.name });
      // Its balancers' views of its services are known all the same.
      return {
        host,
        error,
        services: services.map((service) => ({ service, container: null, answers: [], error })),
      };
    }
  });

async function readService(service: Service, host: Reader): Promise<ServiceSeen> {
  const { name, health } = service;
  const asked = name === 'gateway' ? [health, { port: health.port, path: '/status/ready' }] : [health];
  const [container, answers, adoption] = await Promise.all([
    containerOn(host, service.container),
    Promise.all(asked.map((one) => answerTo(one, host))),
    adoptionOnHost(name, service.container, host).catch(nothingWithoutEngine),
  ]);
  if (container !== null && 'code' in container) return { service, container: null, answers, error: container };
  return { service, container, answers, adoption };
}

/** The container reports why the Engine does not respond. */
function nothingWithoutEngine(error: unknown): AdoptionOnHost {
  if (isConnectionLost(error)) throw error;
  return { kept: [] };
}

async function containerOn(host: Reader, name: string): Promise<ContainerInspect | ErrorInfo | null> {
  try {
    return await host.docker.container(name);
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    return errorInfoOf(error, { host: host.name });
  }
}

async function answerTo({ port, path }: Service['health'], host: Reader): Promise<Answer> {
  try {
    return { path, status: (await host.httpGet({ port, path, timeoutMs: ANSWER_MS })).status };
  } catch (error) {
    if (!(error instanceof OrchError) || isConnectionLost(error)) throw error;
    return { path, status: null, why: error.message };
  }
}
