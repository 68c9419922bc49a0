import { posix } from 'node:path';

/**
 * Endings of everything that bears a temporary name on a host. Whatever writes under a temporary name takes it from here: what a
 * killed run left is found by these names alone (`lb doctor`). Not here: `/run/api7-orch`, which is gone at a reboot.
 */
export const ENDINGS = {
  /** A file, the directory of a package or a container, before it takes its final name. */
  fresh: 'api7-orch-new',
  /** What a file was, until its change is accepted. */
  earlier: 'api7-orch-old',
  /** What came of an upload. */
  part: 'api7-orch-part',
  /** A configuration, or the container that checks it, until it is accepted. */
  check: 'api7-orch-config-check',
  /** A container in which an image is verified. */
  verify: 'api7-orch-verify',
} as const;

/** `.NAME.ENDING` in the directory of a path. */
export const besidePath = (path: string, ending: string): string =>
  posix.join(posix.dirname(path), `.${posix.basename(path)}.${ending}`);

/** Where a container waits until the one that it replaces is gone. */
export const freshContainer = (name: string): string => `${name}-${ENDINGS.fresh}`;

/** The container that checks a configuration; there is one at a time. */
export const CHECK_CONTAINER = ENDINGS.check;

/** A container in which an image is verified; `id` differs for each verification. @example verifyContainer('gateway-init', '3f9a') */
export const verifyContainer = (what: string, id: string): string => `${what}-${id}-${ENDINGS.verify}`;

const ALL: readonly string[] = Object.values(ENDINGS);

/** Whether a file or directory of this name is temporary. */
export const isTemporaryFile = (name: string): boolean =>
  name.startsWith('.') && ALL.some((ending) => name.endsWith(`.${ending}`));

/** The container that a temporary one is to replace; '' for one that replaces none, undefined for a name that is not temporary. */
export function replacedBy(container: string): string | undefined {
  if (container === CHECK_CONTAINER || container.endsWith(`-${ENDINGS.verify}`)) return '';
  const ending = freshContainer('');
  return container.endsWith(ending) && container !== ending ? container.slice(0, -ending.length) : undefined;
}
