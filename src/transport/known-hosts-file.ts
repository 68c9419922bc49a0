import { mkdir, open, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { OrchError } from '../core/errors.ts';
import { hostKeyType, judgeHostKey, type KnownHost, knownHostName, parseKnownHosts } from './known-hosts.ts';

/** Where OpenSSH looks too: the user's file first. */
export const DEFAULT_KNOWN_HOSTS: readonly string[] = ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'];

export const expandHome = (path: string): string => (path.startsWith('~/') ? `${homedir()}${path.slice(1)}` : path);

/** All lines of all files. One that is not there holds none. @throws OrchError CONNECT_KNOWN_HOSTS_UNREADABLE */
export async function loadKnownHosts(files: readonly string[]): Promise<readonly KnownHost[]> {
  const texts = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(expandHome(file)), file)));
  return texts.flat();
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new OrchError('CONNECT_KNOWN_HOSTS_UNREADABLE', `${path} cannot be read: ${String(error)}`, {
      hint: 'give yourself the right to read it, or name another file in ssh.known_hosts',
      cause: error,
    });
  }
}

/** Appends happen one after another, for many hosts may be met at once. */
let last: Promise<void> = Promise.resolve();

/** Adds a host's key to a file (made private if it is new). A key that is there by now is not added twice. */
export async function appendKnownHost(file: string, address: string, port: number, key: Buffer): Promise<void> {
  const mine = last.then(() => append(expandHome(file), file, address, port, key));
  last = mine.catch(() => {});
  await mine;
}

async function append(path: string, file: string, address: string, port: number, key: Buffer): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, 'a+', 0o600);
    try {
      const text = await handle.readFile('utf8');
      if (judgeHostKey(parseKnownHosts(text, file), address, port, key).state === 'ok') return;
      const line = `${knownHostName(address, port)} ${hostKeyType(key)} ${key.toString('base64')}\n`;
      // One write on a descriptor in append mode: no other writer comes between, and no reader sees half a line.
      await handle.write(text === '' || text.endsWith('\n') ? line : `\n${line}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new OrchError(
      'CONNECT_KNOWN_HOSTS_UNWRITABLE',
      `the new host key could not be added to ${path}: ${String(error)}`,
      {
        cause: error,
      },
    );
  }
}
