import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { hostNames, type LabFile, labHost } from '../plan/lab-file.ts';
import type { HostName } from '../plan/topology.ts';

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** A key pair kept in a file and its `.pub`, created if missing. */
async function keptKeyPair(path: string, comment: string): Promise<KeyPair> {
  const kept = await Promise.all([readFile(path, 'utf8'), readFile(`${path}.pub`, 'utf8')]).catch(() => null);
  if (kept) return { private: kept[0], public: kept[1].trim() };
  const fresh = freshKeyPair(comment);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeFile(path, fresh.private, { mode: 0o600 });
  await writeFile(`${path}.pub`, `${fresh.public}\n`);
  return fresh;
}

/** Length of an ed25519 public key in its own encoding, RFC 8709 §4. */
const ED25519_BLOB = 51;

/** ssh2 drops a leading zero of the public key, so that one key in 256 is shorter than it must be and no sshd loads it. */
function freshKeyPair(comment: string): KeyPair {
  for (;;) {
    const fresh = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    const [, blob = ''] = fresh.public.split(' ');
    if (Buffer.from(blob, 'base64').length === ED25519_BLOB) return fresh;
  }
}

/** The login key of `ops`. */
export function loginKey(directory: string): Promise<KeyPair> {
  return keptKeyPair(join(directory, 'ssh/id_ed25519'), 'api7-orch lab');
}

/** The host key, kept so that a recreated host is still the same host. */
export function hostKey(directory: string, name: HostName): Promise<KeyPair> {
  return keptKeyPair(join(directory, 'ssh/host-keys', name), name);
}

/** Writes known_hosts with the real host keys, and an ssh_config so that `ssh -F .lab/ssh/ssh_config gw-1` works. */
export async function writeSshFiles(directory: string, lab: LabFile): Promise<void> {
  const known: string[] = [];
  const config: string[] = [];
  for (const name of hostNames(lab)) {
    const { address, ports } = labHost(lab, name);
    const key = (await hostKey(directory, name)).public.split(' ').slice(0, 2).join(' ');
    known.push(`[127.0.0.1]:${ports.ssh},${address} ${key}\n`);
    config.push(
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${ports.ssh}\n  User ops\n  IdentityFile "${join(directory, 'ssh/id_ed25519')}"\n` +
        `  IdentitiesOnly yes\n  UserKnownHostsFile "${join(directory, 'ssh/known_hosts')}"\n`,
    );
  }
  await writeFile(join(directory, 'ssh/known_hosts'), known.join(''));
  await writeFile(join(directory, 'ssh/ssh_config'), config.join('\n'));
}
