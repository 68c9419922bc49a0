import { z } from 'zod';
import type { Service } from '../api7/services.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineQuery } from '../core/task/define-query.ts';
import { defineTask } from '../core/task/define-task.ts';
import { runningByHand } from './find-running.ts';
import { giveBack } from './phases/give-back.ts';
import { isUnderWay, readAdoption } from './record.ts';
import { targetFields, undoFields } from './target.ts';

const params = z.strictObject(undoFields);

/** Phase of the adoption that is to be undone; `null`: there is none. */
type GivenBack = { readonly phase: string };

/**
 * The container that was there before an unfinished adoption runs again; the new one is gone.
 *
 * @throws OrchError CONTAINER_EXITED, PORT_TAKEN, DOCKER_FAILED
 * @example yield givenBack({ service: 'gateway', container: 'api7-gateway', stopSignal: 'SIGQUIT' });
 */
export const givenBack = defineTask<typeof params, void, GivenBack, void>({
  kind: 'givenBack',
  params,
  impact: 'node',
  claim: (p) => `container:${p.container}`,
  title: (p) => `the container that ran before ${p.container}`,
  async read({ service }, host) {
    const old = await oldContainer(service, host);
    return old === undefined ? null : { phase: old.phase };
  },
  want: () => null,
  async write({ service, container, uidFile, ...stop }, _change, host, _local, report) {
    const record = await readAdoption(service, host);
    if (isUnderWay(record)) await giveBack({ service, name: container, stop, uidFile }, record, host, report);
  },
});

const queried = z.strictObject({ service: targetFields.service });

/** The container that is taken over from. */
export interface AdoptedFrom {
  readonly name: string;
  readonly phase: string;
  /** Ports inside it that it publishes on TCP. */
  readonly ports: readonly number[];
}

/**
 * The container that a service ran in before its adoption, while that is not finished, or still runs in: `yield*` gives it, or undefined.
 *
 * @example const old = yield* adoptedFrom({ service: 'gateway' });
 */
export const adoptedFrom = defineQuery<typeof queried, AdoptedFrom | undefined>({
  kind: 'adoptedFrom',
  params: queried,
  title: (p) => `an unfinished adoption of ${p.service}`,
  look: async ({ service }, host) => (await oldContainer(service, host)) ?? (await untouched(service, host)),
});

/** Nothing was done about it yet: it runs as it did. */
async function untouched(service: Service['name'], host: Reader): Promise<AdoptedFrom | undefined> {
  const found = await runningByHand(service, [], host);
  if (found === undefined) return undefined;
  const { container, settings } = found;
  return {
    name: container.name,
    phase: 'found',
    ports: settings.ports.flatMap((port) => (port.protocol === 'tcp' ? [port.container] : [])),
  };
}

async function oldContainer(service: string, host: Reader): Promise<AdoptedFrom | undefined> {
  const record = await readAdoption(service, host);
  if (!isUnderWay(record)) return undefined;
  const bindings = Object.keys(record.old.inspect.HostConfig.PortBindings ?? {});
  const ports = bindings.flatMap((key) => (key.endsWith('/tcp') ? [Number.parseInt(key, 10)] : []));
  return { name: record.old.name, phase: record.phase, ports };
}
