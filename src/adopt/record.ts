import { z } from 'zod';
import { jsonAs } from '../core/base/attempt.ts';
import { canonicalJson } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { ContainerCreate, ContainerInspect, RestartPolicy } from '../core/host/docker.ts';
import { ROOT_DIRECTORY, ROOT_FILE } from '../core/host/root-only.ts';

/** Where a host keeps what is being taken over, and what was. */
export const ADOPTIONS = '/var/lib/api7-orch/adopt';

export const adoptionPath = (service: string): string => `${ADOPTIONS}/${service}.json`;

/** What an Engine shows of one container has some kilobytes. */
const LIMIT = 4 * 1024 * 1024;

/**
 * Phases of an adoption, in their order. Each is recorded before its action begins. So the record does not show whether the last action
 * happened; the containers do.
 */
export const PHASES = ['prepared', 'policy', 'stopped', 'renamed', 'started', 'done'] as const;

export type Phase = (typeof PHASES)[number];

const policy = z.object({ Name: z.string(), MaximumRetryCount: z.number().exactOptional() });

const inspect = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  Config: z.looseObject({ Image: z.string(), Hostname: z.string() }),
  HostConfig: z.looseObject({ NetworkMode: z.string(), RestartPolicy: policy }),
});

const record = z.strictObject({
  v: z.literal(1),
  run: z.string(),
  phase: z.enum(PHASES),
  old: z.strictObject({
    id: z.string().min(1),
    /** As it was named before. */
    name: z.string().min(1),
    /** The one that it had before. */
    policy,
    inspect,
    /** Exit code of its process at the stop; left out: it was not stopped, or the exit code is unknown. */
    exitCode: z.int().exactOptional(),
  }),
  /** Name under which the old one is kept. */
  kept: z.string().min(1),
  uid: z.string().nullable(),
  newSpec: z.looseObject({ Image: z.string(), HostConfig: z.looseObject({ RestartPolicy: policy }) }),
});

/** An adoption of one service on its host. */
export interface AdoptionRecord {
  readonly v: 1;
  readonly run: string;
  readonly phase: Phase;
  readonly old: OldContainer;
  readonly kept: string;
  readonly uid: string | null;
  readonly newSpec: ContainerCreate;
}

/** The container that is taken over, as it was before. */
export interface OldContainer {
  readonly id: string;
  readonly name: string;
  readonly policy: RestartPolicy;
  readonly inspect: RawInspect;
  readonly exitCode?: number;
}

/** What the Engine showed of it, with all fields: enough to create it again. */
export type RawInspect = Pick<ContainerInspect, 'Id' | 'Name' | 'Image'> & {
  readonly Config: ContainerInspect['Config'];
  readonly HostConfig: ContainerInspect['HostConfig'];
};

/** `null` for text that is no record. */
export const parseAdoption = (text: string): AdoptionRecord | null =>
  // Its forms are those of the port, which this program has written there.
  (jsonAs(record, text) ?? null) as AdoptionRecord | null;

/**
 * The record of the adoption of a service on a host; `null`: none.
 *
 * @throws OrchError ADOPTION_INVALID
 */
export async function readAdoption(service: string, host: Reader): Promise<AdoptionRecord | null> {
  const path = adoptionPath(service);
  const content = await host.read(path, LIMIT);
  if (content === null) return null;
  const parsed = parseAdoption(content.toString('utf8'));
  if (parsed !== null) return parsed;
  // Its content is not shown: it may hold the variables of a container.
  throw new OrchError('ADOPTION_INVALID', `${path} is not a record of an adoption`, {
    hint: `see the containers of ${service} (docker ps -a), start the one that is to serve, then: rm ${path}`,
    host: host.name,
  });
}

/** How far an unfinished adoption is, for what only shows it: also of a record that is invalid. */
export async function phaseUnderWay(service: string, host: Reader): Promise<string | undefined> {
  try {
    const found = await readAdoption(service, host);
    return isUnderWay(found) ? found.phase : undefined;
  } catch (error) {
    if (error instanceof OrchError && error.code === 'ADOPTION_INVALID') return 'an unknown phase';
    throw error;
  }
}

/** An adoption that was begun and is not at its end. */
export const isUnderWay = (found: AdoptionRecord | null): found is AdoptionRecord =>
  found !== null && found.phase !== 'done';

/** Writes the record of an adoption; it is flushed to the disk when this returns. */
export async function writeAdoption(service: string, adoption: AdoptionRecord, host: Connection): Promise<void> {
  await host.makeDirectory(ADOPTIONS, ROOT_DIRECTORY);
  await host.writeFile(adoptionPath(service), `${canonicalJson(adoption)}\n`, ROOT_FILE);
}

export const forgetAdoption = (service: string, host: Connection): Promise<void> => host.remove(adoptionPath(service));
