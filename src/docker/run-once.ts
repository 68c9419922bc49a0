import type { ContainerCreate, Docker } from '../core/host/docker.ts';

export interface Ended {
  readonly exitCode: number;
  /** Its last lines, both streams. */
  readonly log: string;
}

const LOG_LINES = 50;

/**
 * Runs a container to its end and removes it. Removes a leftover of the same name from an interrupted run first.
 *
 * @throws OrchError TIMED_OUT when it has not ended in time; it is killed and removed all the same
 * @example const { exitCode } = await runOnce(host.docker, 'check', body, 60);
 */
export async function runOnce(
  docker: Docker,
  name: string,
  body: ContainerCreate,
  timeoutSeconds: number,
): Promise<Ended> {
  await discard(docker, name);
  await docker.create(name, body);
  try {
    await docker.start(name);
    const exitCode = await docker.wait(name, timeoutSeconds);
    return { exitCode, log: await docker.logs(name, LOG_LINES) };
  } finally {
    await discard(docker, name);
  }
}

/** Kills and removes a container. A missing container is no error. */
export async function discard(docker: Docker, name: string): Promise<void> {
  await docker.stop(name, { signal: 'SIGKILL', timeoutSeconds: 1 });
  await docker.remove(name);
}
