import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './lab-error.ts';

/**
 * Runs `work` while this process holds the lock file. A lock whose process is gone is taken over. Waits at most
 * `withinMs`, then fails naming the holder.
 * @example await withLock('.cache/lab.lock', () => buildImages())
 */
export async function withLock<T>(path: string, work: () => Promise<T>, withinMs = 600_000): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + withinMs;
  while (!(await take(path))) {
    if (Date.now() > deadline) {
      const holder = await readFile(path, 'utf8').catch(() => '?');
      throw new LabError(`${path} is held by process ${holder}: let that end, or remove the file`);
    }
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    // Read between its creation and its first byte: not ours to judge yet.
    if (holder > 0 && !alive(holder)) await rm(path, { force: true });
    return false;
  }
}

/** Whether a process exists. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
