import { isDeepStrictEqual } from 'node:util';
import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import type { ContainerInspect, DockerReader, LogConfig } from '../../core/host/docker.ts';
import { observedSpec } from '../../docker/spec.ts';
import { type ContainerParams, type LogRotation, logOptions } from './params.ts';

/** Rotation by default: without a limit, one log fills the disk of its host in the end. */
const USUAL: LogRotation = { maxSize: '50m', maxFile: 5 };

/** Log drivers that keep files on the host, and rotate them. */
const ROTATING: ReadonlySet<string> = new Set(['json-file', 'local']);

/**
 * The log options that a container is created with; undefined: it is left to the Engine, as where its log driver takes none.
 *
 * @throws OrchError LOG_DRIVER where options are stated, and the driver takes none
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
 * A container whose stated log options the Engine cannot give it is refused before anything is changed. One that has them is not asked about.
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
