import { z } from 'zod';
import { digestOf, sha256 } from '../../core/base/data.ts';
import type { ContainerCreate } from '../../core/host/docker.ts';

/** Where a host keeps what its containers ran before. */
export const PREVIOUS = '/var/lib/api7-orch/previous';

export const recordPath = (container: string): string => `${PREVIOUS}/${container}.json`;

/** Readable by root only: a container's environment and its files may hold secrets. */
export const RECORD_OWNERSHIP = { mode: '0600', owner: 'root', group: 'root' } as const;

/** More than the largest file of a configuration, several times. */
export const RECORD_LIMIT = 8 * 1024 * 1024;

/** A record keeps the last two states that served: what runs, and what ran before it. */
export const MOST_STATES = 2;

const keptFile = z.strictObject({
  path: z.string().startsWith('/'),
  mode: z.string().regex(/^[0-7]{4}$/),
  uid: z.int().min(0),
  gid: z.int().min(0),
  /** Base64. */
  content: z.string(),
});

export type KeptFile = z.output<typeof keptFile>;

const previousState = z.strictObject({
  /** ISO time of the controller. */
  keptAt: z.string(),
  /** Id of its image, and the reference by which it was created. */
  image: z.string().min(1),
  ref: z.string().min(1),
  /** Body that creates the container; its image is the one above. */
  body: z.looseObject({
    Image: z.string(),
    HostConfig: z.looseObject({ RestartPolicy: z.looseObject({ Name: z.string() }) }),
  }),
  files: z.array(keptFile),
});

/** What a container ran: enough to create it again. */
export type PreviousState = Omit<z.output<typeof previousState>, 'body'> & { readonly body: ContainerCreate };

const record = z.strictObject({
  v: z.literal(1),
  /** Digest of the state before the change that is under way, or was the last; `null`: it cannot go back to one. */
  before: z.string().nullable(),
  /** Why it cannot. */
  why: z.string().optional(),
  /** Newest first. */
  states: z.array(previousState).max(MOST_STATES),
});

export interface PreviousRecord {
  readonly v: 1;
  readonly before: string | null;
  readonly why?: string | undefined;
  readonly states: readonly PreviousState[];
}

/** `null` for text that is no record: what is damaged is written again. */
export function parseRecord(text: string): PreviousRecord | null {
  try {
    const { success, data } = record.safeParse(JSON.parse(text));
    return success ? (data as PreviousRecord) : null;
  } catch {
    return null;
  }
}

/** A state as it is seen now. */
export type SeenState = Omit<PreviousState, 'keptAt'>;

/**
 * The same for two states only if they are the same: image, settings, labels and files. Log options are none of it: a daemon adds
 * those of its own configuration to them. Stated ones are in the labels.
 */
export function digestOfState({ image, body, files }: SeenState): string {
  const { Image: _, HostConfig, ...settings } = body;
  const { NetworkMode, LogConfig: _log, ...host } = HostConfig;
  return digestOf({
    image,
    settings,
    // One network under two names.
    host: { ...host, NetworkMode: NetworkMode === 'default' ? 'bridge' : NetworkMode },
    files: files.map(({ content, ...rest }) => ({ ...rest, digest: sha256(content) })),
  });
}

/** The tag of an image reference, without the `v` that some images have; of a reference without a tag, all of it. */
export function versionOf({ ref }: Pick<PreviousState, 'ref'>): string {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  const at = name.lastIndexOf(':');
  return at < 0 || name.startsWith('sha256:') ? ref : name.slice(at + 1).replace(/^v(?=\d)/, '');
}
