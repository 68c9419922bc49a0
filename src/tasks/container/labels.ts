import { z } from 'zod';
import { jsonAs } from '../../core/base/attempt.ts';
import { canonicalJson, digestOf } from '../../core/base/data.ts';
import { Secret, stretchedDigest, type Text } from '../../core/base/secret.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import type { ContainerSpec } from '../../docker/spec.ts';

/** What a container's labels record of its declaration. Names and forms must never change: a change restarts fleets. */
const LABELS = { spec: 'api7-orch.spec', env: 'api7-orch.env', restartOn: 'api7-orch.restart-on' } as const;

export interface Remembered {
  /** Digest of the whole declaration; `null` for a container of another tool. */
  readonly spec: string | null;
  /** Names of the declared variables. */
  readonly env: readonly string[];
  /** Digest of each task of `restartOn`, by claim. */
  readonly restartOn: Readonly<Record<string, string>>;
}

/** The compared form of a secret: its text is never kept. */
export const comparable = (value: Text): string => (value instanceof Secret ? stretchedDigest(value.reveal()) : value);

/**
 * Digest of a declaration. It shows settings that were removed from the declaration, which the container itself cannot
 * show. Leaves out the image's reference: the running image is compared by id.
 */
export function specDigest({ ref: _, ...spec }: ContainerSpec): string {
  const env = Object.entries(spec.env).map(([name, value]) => [
    name,
    value instanceof Secret ? { secret: comparable(value) } : value,
  ]);
  return digestOf({ ...spec, env: Object.fromEntries(env) });
}

export const labelsOf = ({ spec, env, restartOn }: Remembered): Record<string, string> => ({
  ...(spec === null ? {} : { [LABELS.spec]: spec }),
  [LABELS.env]: canonicalJson([...env].sort()),
  [LABELS.restartOn]: canonicalJson(restartOn),
});

const names = z.array(z.string());
const digests = z.record(z.string(), z.string());

/** Parses a container's labels; damaged labels count as absent. */
export function rememberedBy(labels: Readonly<Record<string, string>>): Remembered {
  return {
    spec: labels[LABELS.spec] ?? null,
    env: jsonAs(names, labels[LABELS.env] ?? '') ?? [],
    restartOn: jsonAs(digests, labels[LABELS.restartOn] ?? '') ?? {},
  };
}

/** Created by api7-orch, as its labels show. */
export const isOwn = ({ Config }: Pick<ContainerInspect, 'Config'>): boolean =>
  rememberedBy(Config.Labels ?? {}).spec !== null;
