import { z } from 'zod';
import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { containerName } from '../core/host/container-name.ts';
import type { ContainerSummary } from '../core/host/docker.ts';
import { defineTask } from '../core/task/define-task.ts';
import { keptFor } from './kept-name.ts';
import { forgetAdoption, isUnderWay, phaseUnderWay, readAdoption } from './record.ts';
import { targetFields } from './target.ts';

const params = z.strictObject(targetFields);

type Kept = {
  /** By name: containers that were taken over, and stay; and the record of the adoption. */
  readonly kept: Readonly<Record<string, 'kept'>>;
};

const RECORD = 'record';

/**
 * Nothing of an adoption is kept any more: the container that was taken over is removed, its volumes are not.
 *
 * @throws OrchError ADOPTION_UNDER_WAY, ADOPTION_INVALID
 * @example yield nothingKept({ service: 'gateway', container: 'api7-gateway' });
 */
export const nothingKept = defineTask<typeof params, void, Kept, void>({
  kind: 'nothingKept',
  params,
  impact: 'none',
  claim: (p) => `state:kept for ${p.container}`,
  title: (p) => `what ${p.container} took over from is gone`,
  async read({ service, container }, host) {
    const [record, all] = await Promise.all([readAdoption(service, host), host.docker.containers()]);
    if (isUnderWay(record))
      throw new OrchError('ADOPTION_UNDER_WAY', `the adoption of ${service} is at ${record.phase}`, {
        hint: 'finish it first: api7-orch run install --adopt',
      });
    const names = [...keptAmong(all, container), ...(record === null ? [] : [RECORD])];
    return { kept: Object.fromEntries(names.map((name) => [name, 'kept' as const])) };
  },
  want: () => ({ kept: {} }),
  async write({ service, container }, _change, host) {
    for (const name of keptAmong(await host.docker.containers(), container))
      await host.docker.remove(name, { keepVolumes: true });
    await forgetAdoption(service, host);
  },
});

/** State of the adoption of a service on a host. */
export interface AdoptionOnHost {
  /** Names of containers that were taken over, and stay. */
  readonly kept: readonly string[];
  /** Phase of an adoption that is not finished. */
  readonly underWay?: string;
}

/** What is kept of adoptions of a service, and how far one is that is not finished. One batch. */
export async function adoptionOnHost(service: string, container: string, host: Reader): Promise<AdoptionOnHost> {
  const [underWay, all] = await Promise.all([phaseUnderWay(service, host), host.docker.containers()]);
  return { kept: keptAmong(all, container), ...defined({ underWay }) };
}

const keptAmong = (all: readonly ContainerSummary[], container: string): readonly string[] =>
  all
    .flatMap(({ Names }) => Names.map(containerName))
    .filter((name) => keptFor(name)?.container === container)
    .sort();
