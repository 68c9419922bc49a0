import { isDeepStrictEqual } from 'node:util';
import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import type { ContainerInspect, DockerReader, LogConfig } from '../../core/host/docker.ts';
import { observedSpec } from '../../docker/spec.ts';
import { type ContainerParams, type LogRotation, logOptions } from './params.ts';

/** Default rotation: without a limit, one log eventually fills its host's disk. */
const USUAL: LogRotation = { maxSize: '50m', maxFile: 5 };

/** Log drivers that keep files on the host and rotate them. */
const ROTATING: ReadonlySet<string> = new Set(['json-file', 'local']);

/**
 * The log options for creating a container; undefined: the Engine's own, for example if its log driver takes none.
 *
 * @throws OrchError LOG_DRIVER when options are declared and the driver takes none
 */
export async function logConfigOf(
  { name, log }: ContainerParams,
  docker: DockerReader,
): Promise<LogConfig | undefined> {
  if (log === 'off') return undefined;
  const { LoggingDriver: driver } = await docker.info();
  if (ROTATING.has(driver)) return { Type: driver, Config: logOptions(log ?? USUAL) };
  if (log === undefined) return undefined;
  throw new OrchError(
    'LOG_DRIVER',
    `container ${name}: the log driver of the Docker Engine is ${firstChars(driver, 100) || 'unknown'}, which takes no max-size and max-file`,
    { hint: 'set log: off, or set the log driver of the Docker daemon to local or json-file' },
  );
}

/**
 * Refuses declared log options that the Engine does not support, before anything is changed. A container that has them
 * already passes without a check.
 *
 * @throws OrchError LOG_DRIVER
 */
export async function refuseLogDriver(
  p: ContainerParams,
  found: ContainerInspect | null,
  docker: DockerReader,
): Promise<void> {
  if (p.log === undefined || p.log === 'off') return;
  if (found !== null && isDeepStrictEqual(observedSpec(found).log, logOptions(p.log))) return;
  await logConfigOf(p, docker);
}
