import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** What is done under a lock takes milliseconds. One that is this old was left by a process that was killed. */
const STALE_MS = 20_000;
const PATIENCE_MS = 30_000;
const EVERY_MS = 25;

/**
 * Does something while no other process of this program does it: the lock is a file that exists as long. One whose process
 * is gone is taken over. Where no file can be made beside the one that is to be locked, there is no lock.
 *
 * @throws Error when another process holds it for longer than this is waited for
 * @example await withLockFile('/home/ops/.ssh/known_hosts.api7-orch-lock', () => append())
 */
export async function withLockFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  let taken = await take(path);
  while (taken === 'held') {
    if (performance.now() > until) throw new Error(`another run holds ${path}; remove it if no other run is active`);
    await removeStale(path);
    await delay(EVERY_MS);
    taken = await take(path);
  }
  try {
    return await work();
  } finally {
    if (taken === 'ours') await rm(path, { force: true });
  }
}

async function take(path: string): Promise<'ours' | 'held' | 'impossible'> {
  try {
    const handle = await open(path, 'wx', 0o600);
    await handle.writeFile(`${process.pid} ${hostname()}\n`);
    await handle.close();
    return 'ours';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'held' : 'impossible';
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  const text = await readFile(path, 'utf8').catch(() => '');
  if (!isAbandoned(text) && Date.now() - found.mtimeMs < STALE_MS) return;
  // Moved away first: of several that find it stale only one removes it, and none the lock that follows it.
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  const { ino } = await stat(aside);
  if (ino !== found.ino) await writeFile(path, await readFile(aside), { flag: 'wx', mode: 0o600 }).catch(() => {});
  await rm(aside, { force: true });
}

/** Whether its process ran on this machine and has ended. */
function isAbandoned(text: string): boolean {
  const [, pid, host] = /^(\d+) (\S+)\n$/.exec(text) ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
