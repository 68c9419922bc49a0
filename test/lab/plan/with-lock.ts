import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../lab-error.ts';
import { owner } from './labels.ts';

/**
 * Runs `work` while this process holds the lock file. The lock of an ended process is taken over. Waits at most `withinMs`, then
 * fails and names the holder.
 * @example await withLock('.cache/lab.lock', () => buildImages())
 */
export async function withLock<T>(path: string, work: () => Promise<T>, withinMs = 600_000): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + withinMs;
  while (!(await take(path))) {
    if (Date.now() > deadline) throw new LabError(await heldBy(path));
    await sleep(25);
  }
  return holding(path, work);
}

/**
 * Like {@link withLock}, but does not wait.
 * @returns false when another process holds the lock and `work` did not run
 */
export async function withFreeLock(path: string, work: () => Promise<void>): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  // The first attempt may remove the lock of an ended process.
  if (!(await take(path)) && !(await take(path))) return false;
  await holding(path, work);
  return true;
}

async function holding<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function heldBy(path: string): Promise<string> {
  const [pid = '?'] = (await readFile(path, 'utf8').catch(() => '?')).split(':');
  return `${path} is held by process ${pid}: wait until it ends, or remove the file`;
}

async function take(path: string): Promise<boolean> {
  // A link appears with its content: no other process sees an empty lock.
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, await owner(process.pid).then((self) => self || String(process.pid)), { flag: 'wx' });
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(mine, { force: true });
  }
  const holder = await content(path);
  if (holder !== '' && !(await present(holder))) await removeOf(holder, path);
  return false;
}

/**
 * Removes the lock of an ended process. Two processes that saw the same holder must not both remove: the second would remove the
 * lock that the first has taken since. So this takes a lock of its own and reads again.
 */
async function removeOf(holder: string, path: string): Promise<void> {
  const takeover = `${path}.takeover`;
  if (!(await take(takeover))) return;
  await holding(takeover, async () => {
    if ((await content(path)) === holder) await rm(path, { force: true });
  });
}

const content = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Whether the process that `holder` names exists; its start distinguishes it from a later process with the same id. */
async function present(holder: string): Promise<boolean> {
  const pid = Number(holder.split(':')[0]);
  const now = await owner(pid);
  return now === '' || !holder.includes(':') ? alive(pid) : now === holder;
}

/** Whether a process exists. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
