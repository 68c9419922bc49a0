import { z } from 'zod';
import { canonicalJson, digestOf } from '../../core/base/data.ts';
import { Secret, stretchedDigest, type Text } from '../../core/base/secret.ts';
import type { ContainerSpec } from '../../docker/spec.ts';

/** What a container remembers of the statement that it was made from. Names and forms must stay: a change restarts fleets. */
const LABELS = { spec: 'api7-orch.spec', env: 'api7-orch.env', restartOn: 'api7-orch.restart-on' } as const;

export interface Remembered {
  /** Digest of everything that was declared; `null` for a container that is not ours. */
  readonly spec: string | null;
  /** Names of the variables that were declared. */
  readonly env: readonly string[];
  /** Digest of each task that it was given, by claim. */
  readonly restartOn: Readonly<Record<string, string>>;
}

/** What a secret is compared by: its text is never kept. */
export const comparable = (value: Text): string => (value instanceof Secret ? stretchedDigest(value.reveal()) : value);

/**
 * Digest of a declared spec. It tells what was declared earlier and is gone now, which the container itself cannot. The
 * image's reference is not part of it: which image a container runs is compared by id.
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

/** What a container's labels say; labels that somebody damaged count as absent. */
export function rememberedBy(labels: Readonly<Record<string, string>>): Remembered {
  return {
    spec: labels[LABELS.spec] ?? null,
    env: parsed(names, labels[LABELS.env]) ?? [],
    restartOn: parsed(digests, labels[LABELS.restartOn]) ?? {},
  };
}

function parsed<T extends z.ZodType>(schema: T, label: string | undefined): z.output<T> | undefined {
  if (label === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(label)).data;
  } catch {
    return undefined;
  }
}
