import { randomBytes } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OrchError } from '../../../core/base/errors.ts';
import { fromHome } from '../../../core/base/home.ts';
import { withLockFile } from '../../../local/lock-file.ts';
import { makeDirectories } from '../../../local/make-directories.ts';
import { isAbsent } from '../absent-file.ts';
import { type HostKeyOwner, hostKeyType, judgeHostKey, knownHostName } from './known-hosts.ts';
import { hashedName, joinKnownHosts, type KnownHosts, parseKnownHosts } from './known-hosts-lines.ts';
import { rememberedHosts, rememberHost, twoKeys } from './known-hosts-memory.ts';

/** OpenSSH's files, the user's first. */
export const USER_KNOWN_HOSTS: readonly string[] = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
export const GLOBAL_KNOWN_HOSTS: readonly string[] = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
export const DEFAULT_KNOWN_HOSTS: readonly string[] = [...USER_KNOWN_HOSTS, ...GLOBAL_KNOWN_HOSTS];

/** Empty, and keeps nothing: the meaning of `UserKnownHostsFile none`. This process still remembers keys. */
export const NO_KNOWN_HOSTS = '/dev/null';

interface Loaded {
  readonly stamp: string;
  readonly hosts: Promise<KnownHosts>;
}

const loaded = new Map<string, Loaded>();

/**
 * All lines of all files for one host, each file parsed once until it changes. A missing file is empty.
 *
 * @throws OrchError CONNECT_KNOWN_HOSTS_UNREADABLE
 */
export async function loadKnownHosts(files: readonly string[], owner: HostKeyOwner): Promise<KnownHosts> {
  return joinKnownHosts(
    await Promise.all(files.map((file) => (file === NO_KNOWN_HOSTS ? rememberedHosts(owner) : load(file)))),
  );
}

async function load(file: string): Promise<KnownHosts> {
  const path = fromHome(file);
  const stamp = await stampOf(path);
  const before = loaded.get(file);
  if (before?.stamp === stamp) return await before.hosts;
  const hosts = textOf(path).then((text) => parseKnownHosts(text, file));
  loaded.set(file, { stamp, hosts });
  return await hosts;
}

/** Changes whenever the file is written, replaced, created or removed. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? 'none' : `${path} ${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw new OrchError('CONNECT_KNOWN_HOSTS_UNREADABLE', `${path} cannot be read: ${String(error)}`, {
      hint: 'give yourself the right to read it, or name another file in ssh.known_hosts',
      cause: error,
    });
  }
}

interface Addition {
  readonly owner: HostKeyOwner;
  readonly key: Buffer;
  readonly hash: boolean;
}

interface Waiting {
  readonly addition: Addition;
  readonly written: PromiseWithResolvers<void>;
}

/** Additions during a write are combined into the file's next write. */
const queues = new Map<string, Waiting[]>();

/**
 * Adds a host's key to a file (private if new), with a hashed name on demand. Does not add a known key twice. If no
 * file keeps keys, this process remembers it, so that a reconnect accepts no other key.
 *
 * @throws OrchError CONNECT_KNOWN_HOSTS_UNWRITABLE | CONNECT_HOST_KEY_CHANGED
 */
export async function appendKnownHost(file: string, addition: Addition): Promise<void> {
  if (file === NO_KNOWN_HOSTS) {
    rememberHost(addition.owner, addition.key);
    return;
  }
  const written = Promise.withResolvers<void>();
  const queue = queues.get(file);
  if (queue !== undefined) queue.push({ addition, written });
  else {
    const begun = [{ addition, written }];
    queues.set(file, begun);
    void writeQueued(file, begun);
  }
  await written.promise;
}

async function writeQueued(file: string, queue: Waiting[]): Promise<void> {
  while (queue.length > 0) {
    const batch = queue.splice(0);
    try {
      const doubtful = await append(
        file,
        batch.map(({ addition }) => addition),
      );
      for (const { addition, written } of batch) {
        const name = knownHostName(addition.owner);
        if (doubtful.has(name)) written.reject(twoKeys(name));
        else written.resolve();
      }
    } catch (error) {
      for (const { written } of batch) written.reject(error);
    }
  }
  queues.delete(file);
}

/**
 * Reads and appends under a lock: if two controllers receive two different keys of a host at once, the second finds the
 * first one's key.
 *
 * @returns the names that have another key by now, or two keys at once: nothing is written for them
 */
async function append(file: string, additions: readonly Addition[]): Promise<ReadonlySet<string>> {
  const path = fromHome(file);
  try {
    makeDirectories(dirname(path));
    return await withLockFile(`${path}.api7-orch-lock`, () => appendLocked(path, file, additions));
  } catch (error) {
    throw new OrchError(
      'CONNECT_KNOWN_HOSTS_UNWRITABLE',
      `the new host key could not be added to ${path}: ${String(error)}`,
      { hint: 'give yourself the right to write it, or name another file in ssh.known_hosts', cause: error },
    );
  }
}

async function appendLocked(path: string, file: string, additions: readonly Addition[]): Promise<ReadonlySet<string>> {
  const handle = await open(path, 'a+', 0o600);
  try {
    const text = await handle.readFile('utf8');
    const { fresh, doubtful } = sorted(parseKnownHosts(text, file), additions);
    if (fresh.length === 0) return doubtful;
    const added = fresh.map(lineOf).join('');
    // One write in append mode: no other writer comes between, and no reader sees half a line.
    await handle.write(text === '' || text.endsWith('\n') ? added : `\n${added}`);
    await handle.sync();
    return doubtful;
  } finally {
    await handle.close();
  }
}

function sorted(
  known: KnownHosts,
  additions: readonly Addition[],
): { readonly fresh: readonly Addition[]; readonly doubtful: ReadonlySet<string> } {
  const fresh = new Map<string, Addition>();
  const doubtful = new Set<string>();
  for (const one of additions) {
    const { state } = judgeHostKey(known, one.owner, one.key);
    if (state === 'ok') continue;
    const name = knownHostName(one.owner);
    if (state !== 'unknown' || fresh.get(name)?.key.equals(one.key) === false) doubtful.add(name);
    fresh.set(name, one);
  }
  return { fresh: [...fresh].flatMap(([name, one]) => (doubtful.has(name) ? [] : [one])), doubtful };
}

function lineOf({ owner, key, hash }: Addition): string {
  const name = knownHostName(owner);
  return `${hash ? hashedName(name, randomBytes(20)) : name} ${hostKeyType(key)} ${key.toString('base64')}\n`;
}
