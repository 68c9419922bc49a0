import Docker from 'dockerode';
import { LabError } from '../lab-error.ts';

/**
 * The Docker Engine of this machine: DOCKER_HOST or the default socket. Fails with one line if none responds.
 * @example const docker = await engine()
 */
export async function engine(): Promise<Docker> {
  const docker = new Docker();
  try {
    await docker.ping();
    return docker;
  } catch (cause) {
    throw new LabError('no Docker Engine answers: run `node scripts/setup.mjs` as root, or set DOCKER_HOST', { cause });
  }
}

/** Whether an image is on the engine. */
export async function hasImage(docker: Docker, reference: string): Promise<boolean> {
  return docker
    .getImage(reference)
    .inspect()
    .then(() => true, missing);
}

/** For `.catch`: a 404 of the engine is a reply, anything else is an error. */
export function missing(error: unknown): false {
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return false;
  throw error;
}
