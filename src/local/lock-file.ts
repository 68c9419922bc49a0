import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../core/base/errors.ts';

/** Work under a lock takes milliseconds. A lock this old belongs to a killed process. */
const STALE_MS = 20_000;
const PATIENCE_MS = 30_000;
const EVERY_MS = 25;

/**
 * Runs work that no other process of api7-orch may run at the same time: a file is the lock. A lock of an ended process
 * is taken over. If no file can be created beside the locked one, there is no lock.
 *
 * @throws Error when another process holds it for too long
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
    return codeOf(error) === 'EEXIST' ? 'held' : 'impossible';
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  const text = await readFile(path, 'utf8').catch(() => '');
  if (!isAbandoned(text) && Date.now() - found.mtimeMs < STALE_MS) return;
  // Renamed first: of several processes that find it stale only one removes it, and none removes its successor.
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
    return codeOf(error) === 'ESRCH';
  }
}
