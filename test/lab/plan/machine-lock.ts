import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { withLock } from './with-lock.ts';

// Not os.tmpdir(): TMPDIR differs between users and sessions of one machine.
const directory = '/tmp/api7-orch-lab';

/** The lock file of this name for all checkouts and users of this machine. @example await machineLockPath('api7-lab-1a2b3c') */
export async function machineLockPath(name: string): Promise<string> {
  // Any user may remove the lock of an ended process.
  const made = await mkdir(directory, { recursive: true });
  if (made !== undefined) await chmod(directory, 0o777);
  return join(directory, `${name}.lock`);
}

/**
 * Runs `work` alone among all processes that use this Docker Engine, whatever their checkout.
 * @example await withEngineLock(docker, 'addresses', () => planLab(docker, directory, wish))
 */
export async function withEngineLock<T>(docker: Docker, name: string, work: () => Promise<T>): Promise<T> {
  const { ID } = await docker.info();
  return withLock(await machineLockPath(`${String(ID).replaceAll(/\W/g, '-')}-${name}`), work);
}
