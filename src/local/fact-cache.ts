import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { makeDirectories } from './make-directories.ts';

/** Remembers facts about files across runs: computing a package's digest and listing takes seconds. */
export type FactCache = <T>(path: string, name: string, schema: z.ZodType<T>, find: () => Promise<T>) => Promise<T>;

const VERSION = 1;
/** A file changed this recently could change again without a new time stamp. */
const SETTLED_MS = 2000;
const KEPT_ENTRIES = 200;
const KEPT_MS = 90 * 24 * 3_600_000;

const entry = z.strictObject({
  version: z.literal(VERSION),
  path: z.string(),
  /** Identifies one content of the file without reading it. */
  identity: z.string(),
  facts: z.record(z.string(), z.unknown()),
});

type Entry = z.output<typeof entry>;

/**
 * A cache in files, one for each known file, readable by this user only. It only saves work: entries that are damaged,
 * of another version, or of a changed file are ignored, and a directory that cannot be written is no error.
 *
 * @example const fact = factCache(cacheDirectory()); await fact('/srv/p.tar.gz', 'sha256', z.string(), () =>
 *   digest('/srv/p.tar.gz'))
 */
export function factCache(directory: string): FactCache {
  const saving = new Map<string, Promise<void>>();
  return async (given, name, schema, find) => {
    const path = resolve(given);
    const file = join(directory, `${createHash('sha256').update(path).digest('hex')}.json`);
    const before = await seen(path);
    if (before === undefined) return find();
    const known = schema.safeParse((await load(file, path, before.identity))?.facts[name]);
    if (known.success) return known.data;
    const found = await find();
    const after = await seen(path);
    if (!before.settled || before.identity !== after?.identity) return found;
    // One by one: each write adds to the previous one.
    const last = saving.get(file) ?? Promise.resolve();
    const next = last.then(() => add(directory, file, path, before.identity, name, found)).catch(() => {});
    saving.set(file, next);
    await next;
    return found;
  };
}

interface Seen {
  readonly identity: string;
  readonly settled: boolean;
}

async function seen(path: string): Promise<Seen | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found === undefined || !found.isFile()) return undefined;
  const { size, mtimeNs, ctimeNs, ino, dev } = found;
  const age = Date.now() - Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
  return { identity: [size, mtimeNs, ctimeNs, ino, dev].join(' '), settled: age > SETTLED_MS };
}

async function load(file: string, path: string, now: string): Promise<Entry | undefined> {
  try {
    const { uid } = await stat(file);
    if (process.getuid !== undefined && uid !== process.getuid()) return undefined;
    const found = entry.parse(JSON.parse(await readFile(file, 'utf8')));
    return found.path === path && found.identity === now ? found : undefined;
  } catch {
    return undefined;
  }
}

async function add(
  directory: string,
  file: string,
  path: string,
  now: string,
  name: string,
  found: unknown,
): Promise<void> {
  const known = await load(file, path, now);
  const whole: Entry = { version: VERSION, path, identity: now, facts: { ...known?.facts, [name]: found } };
  makeDirectories(directory);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(temporary, JSON.stringify(whole), { mode: 0o600, flag: 'wx' });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  if (known === undefined) await prune(directory);
}

/** Keeps the newest entries: a removed one costs one more reading of its file. */
async function prune(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /^[0-9a-f]{64}\.json(?:\.[0-9a-f]{12}\.new)?$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const old = dated.sort((a, b) => b.at - a.at).filter(({ at }, i) => i >= KEPT_ENTRIES || at < Date.now() - KEPT_MS);
  await Promise.all(old.map(({ name }) => rm(join(directory, name), { force: true })));
}
