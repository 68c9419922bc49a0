import { posix } from 'node:path';

/**
 * Suffixes of all temporary names on a host. All code that writes under a temporary name takes the suffix from here:
 * `lb doctor` finds the leftovers of a killed run by these names alone. Not included: `/run/api7-orch`, which a reboot
 * removes.
 */
export const ENDINGS = {
  /** A new file, package directory or container, before the rename to its final name. */
  fresh: 'api7-orch-new',
  /** The previous content of a file, until its change is accepted. */
  earlier: 'api7-orch-old',
  /** The received part of an upload. */
  part: 'api7-orch-part',
  /** A configuration that is not accepted yet, or the container that checks it. */
  check: 'api7-orch-config-check',
  /** A container in which an image is verified. */
  verify: 'api7-orch-verify',
} as const;

/** `.NAME.ENDING` in the directory of a path. */
export const besidePath = (path: string, ending: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path)}.${ending}`);

/** Temporary name of a new container, until the container that it replaces is gone. */
export const freshContainer = (name: string): string => `${name}-${ENDINGS.fresh}`;

/** The container that checks a configuration; at most one exists at a time. */
export const CHECK_CONTAINER = ENDINGS.check;

/** A container in which an image is verified; `id` differs for each verification. @example verifyContainer('gateway-init', '3f9a') */
export const verifyContainer = (what: string, id: string): string => `${what}-${id}-${ENDINGS.verify}`;

const ALL: readonly string[] = Object.values(ENDINGS);

/** Whether a file or directory of this name is temporary. */
export const isTemporaryFile = (name: string): boolean =>
  name.startsWith('.') && ALL.some((ending) => name.endsWith(`.${ending}`));

/**
 * The container that a temporary container replaces; '' if it replaces none, undefined if the name is not temporary.
 */
export function replacedBy(container: string): string | undefined {
  if (container === CHECK_CONTAINER || container.endsWith(`-${ENDINGS.verify}`)) return '';
  const ending = freshContainer('');
  return container.endsWith(ending) && container !== ending ? container.slice(0, -ending.length) : undefined;
}
