import { z } from 'zod';
import { jsonAs } from '../../core/base/attempt.ts';
import { digestOf, sha256 } from '../../core/base/data.ts';
import type { ContainerCreate } from '../../core/host/docker.ts';

/** Directory of the records of previous versions on a host. */
export const PREVIOUS = '/var/lib/api7-orch/previous';

export const recordPath = (container: string): string => `${PREVIOUS}/${container}.json`;

/** Several times the size of all configuration files. */
export const RECORD_LIMIT = 12 * 1024 * 1024;

/** Most earlier versions that a container can go back to. */
const MOST_EARLIER = 2;

/** A record keeps the running state and the earlier ones beside it. */
const MOST_STATES = 1 + MOST_EARLIER;

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
  /** ISO time by the controller's clock. */
  keptAt: z.string(),
  /** Id of its image, and the reference that it was created with. */
  image: z.string().min(1),
  ref: z.string().min(1),
  /** Body for creating the container, with the image above. */
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
  /** Digest of the state before the current or last change; `null`: no way back. */
  before: z.string().nullable(),
  /** Why there is none. */
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

/** `null` if the text is no record: a damaged record is written again. */
export const parseRecord = (text: string): PreviousRecord | null =>
  (jsonAs(record, text) ?? null) as PreviousRecord | null;

/**
 * The states to go back to from a version: the newest of each other version. The record of a change keeps all of them,
 * so a version that is offered before a drain is still there after it. `runs`: the running version, if there is one.
 */
export function earlierStates(
  { states }: Pick<PreviousRecord, 'states'>,
  runs: string | undefined,
): readonly PreviousState[] {
  const versions = states.map(versionOf);
  return states
    .filter((_, at) => versions[at] !== runs && versions.indexOf(versions[at] ?? '') === at)
    .slice(0, MOST_EARLIER);
}

/** A state as read now. */
export type SeenState = Omit<PreviousState, 'keptAt'>;

/**
 * Equal for two states only if they are the same: image, settings, labels and files. Leaves out log options, because a
 * daemon adds its own; declared ones are in the labels.
 */
export function digestOfState({ image, body, files }: SeenState): string {
  const { Image: _, HostConfig, ...settings } = body;
  const { NetworkMode, LogConfig: _log, ...host } = HostConfig;
  return digestOf({
    image,
    settings,
    // Two names of the same network.
    host: { ...host, NetworkMode: NetworkMode === 'default' ? 'bridge' : NetworkMode },
    files: files.map(({ content, ...rest }) => ({ ...rest, digest: sha256(content) })),
  });
}

/** The tag of an image reference, without a leading `v`; a reference without a tag is returned whole. */
export function versionOf({ ref }: Pick<PreviousState, 'ref'>): string {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  const at = name.lastIndexOf(':');
  return at < 0 || name.startsWith('sha256:') ? ref : name.slice(at + 1).replace(/^v(?=\d)/, '');
}
