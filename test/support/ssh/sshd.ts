import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LOCK_PATHS } from '../../../src/transport/lock/fence.ts';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { freePort } from '../base/free-port.ts';
import { installed } from '../base/installed.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** The directory of sudo's rules, and the names of the users and rules that tests make. */
export const SUDOERS = '/etc/sudoers.d';
export const TEST_USER = /^orch[0-9a-f]{8}$/;

/**
 * Words: host name, number of the user, the server and its arguments. The name is in /etc/hosts: sudo resolves it,
 * and a name server is slow for fifty hosts. Locks are in memory, where the user may write without sudo.
 */
const OWN_NAME_AND_LOCKS = `
hostname "$0"
names=$(mktemp)
{ cat /etc/hosts; echo "127.0.0.1 $0"; } >"$names"
chmod 644 "$names"
mount --bind "$names" /etc/hosts || exit
rm "$names"
for of in ${LOCK_PATHS.run} ${LOCK_PATHS.state}; do
  mkdir -p "$of"
  mount -t tmpfs -o "mode=0700,uid=$1" tmpfs "$of" || exit
done
shift
exec "$@"`;

type Sudo = 'all' | 'password' | 'none';

export interface SshdOptions {
  /** The test user's rights in sudo. Default: everything, without a password. */
  readonly sudo?: Sudo;
  /** More lines of sshd_config, which override the defaults. */
  readonly config?: readonly string[];
  readonly hostKeys?: readonly ('ed25519' | 'ecdsa' | 'rsa')[];
  readonly shell?: string;
  /** Its listen address. Default 127.0.0.1. */
  readonly listen?: string;
  /** More addresses, each of a server with a host name and locks of its own: for a login they are machines of their own. */
  readonly machines?: readonly string[];
}

/** A real OpenSSH server on 127.0.0.1 with keys, configuration and a login user of its own. */
export interface TestSshd extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  readonly home: string;
  /** Scratch directory of this server: any user can read it. */
  readonly directory: string;
  readonly identityFile: string;
  readonly knownHosts: string;
  /** Public key of the host as in known_hosts: `ssh-ed25519 AAAA…`. */
  hostKey(type?: string): string;
  target(overrides?: Partial<SshTarget>): SshTarget;
  /** Connects as a run does, without new host keys. */
  connect(overrides?: Partial<SshTarget>): Promise<RawConnection>;
  /** Process ids of the server's children with connections of the test user. */
  connections(): readonly number[];
}

/** Starts a server. Needs root: it makes a user and a sudo rule, and removes both at the end. */
export async function startSshd(options: SshdOptions = {}): Promise<TestSshd> {
  if (process.getuid?.() !== 0) throw new Error('tests against a real sshd make users and must run as root');
  const daemon = installed('/usr/sbin/sshd', 'openssh-server');
  installed('/usr/bin/sudo', 'sudo');
  const id = randomBytes(4).toString('hex');
  const user = `orch${id}`;
  const directory = temporaryDirectory('sshd');
  execFileSync('chmod', ['755', directory]);
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const home = join(directory, 'home');
  const undo: (() => void)[] = [];
  try {
    // Far from any number in use: containers on this machine have users too, and a user's processes are found by its number.
    const uid = String(100_000_000 + (randomBytes(4).readUInt32BE() % 1_000_000_000));
    // A password of "!", the default, would lock the account for an sshd without PAM.
    locked('useradd', ['-M', '-u', uid, '-d', home, '-s', options.shell ?? '/bin/sh', '-p', '*', user]);
    undo.unshift(() => removeUser(user));
    mkdirSync(home, { mode: 0o755 });
    execFileSync('chown', [`${user}:`, home]);
    const rule = join(SUDOERS, user);
    if (options.sudo !== 'none') {
      writeFileSync(rule, `${user} ALL=(ALL) ${options.sudo === 'password' ? '' : 'NOPASSWD: '}ALL\n`, { mode: 0o440 });
      // Truncated and not removed: a sudo of another test that has just listed the directory would complain on stderr.
      undo.unshift(() => writeFileSync(rule, ''));
    }
    const types = options.hostKeys ?? ['ed25519'];
    for (const type of types) keygen(type, join(directory, `host_${type}`));
    const identityFile = join(directory, 'id_ed25519');
    keygen('ed25519', identityFile);
    const port = await freePort();
    writeFileSync(
      join(directory, 'sshd_config'),
      [
        ...(options.config ?? []),
        `Port ${port}`,
        `ListenAddress ${options.listen ?? '127.0.0.1'}`,
        ...types.map((type) => `HostKey ${join(directory, `host_${type}`)}`),
        `AuthorizedKeysFile ${identityFile}.pub`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'PidFile none',
        `AllowUsers ${user}`,
        '',
      ].join('\n'),
    );
    let log = '';
    const start = (command: string, args: readonly string[]): void => {
      const server = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      server.stderr.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-20_000);
      });
      undo.unshift(() => server.kill('SIGKILL'));
    };
    const served = ['-D', '-e', '-f', join(directory, 'sshd_config')];
    start(daemon, served);
    await untilListening(port, () => log);
    for (const address of options.machines ?? []) {
      // It cannot have the first one's address, too, and continues without it.
      start('unshare', [
        '--uts',
        '--mount',
        'sh',
        '-c',
        OWN_NAME_AND_LOCKS,
        `at-${address}`,
        uid,
        daemon,
        ...served,
        '-o',
        `ListenAddress=${address}`,
      ]);
    }
    for (const address of options.machines ?? []) await untilListening(port, () => log, address);
    const hostKey = (type = types[0] ?? 'ed25519'): string =>
      readFileSync(join(directory, `host_${type}.pub`), 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' ')
        .trim();
    const knownHosts = join(directory, 'known_hosts');
    const known = ['127.0.0.1', ...(options.machines ?? [])].flatMap((address) =>
      types.map((type) => `[${address}]:${port} ${hostKey(type)}\n`),
    );
    writeFileSync(knownHosts, known.join(''), { mode: 0o600 });
    const target = (overrides: Partial<SshTarget> = {}): SshTarget => ({
      name: 'test-host',
      address: '127.0.0.1',
      port,
      user,
      identityFiles: [identityFile],
      knownHosts: [knownHosts],
      become: 'sudo',
      connectTimeoutMs: 30_000,
      ...overrides,
    });
    return {
      port,
      user,
      home,
      directory,
      identityFile,
      knownHosts,
      hostKey,
      target,
      connect: (overrides) => connectSsh(target(overrides), { acceptNewHostKeys: false }),
      connections: () => processesOf(user, 'sshd'),
      [Symbol.asyncDispose]: async () => {
        for (const step of undo) step();
      },
    };
  } catch (error) {
    for (const step of undo) step();
    throw error;
  }
}

/** Runs a tool that changes users: it locks /etc/passwd and fails at once when another holds it. */
export function locked(command: string, args: readonly string[]): void {
  execFileSync('flock', ['/tmp/api7-orch-users.lock', command, ...args], { stdio: 'pipe' });
}

function removeUser(user: string): void {
  for (const pid of processesOf(user)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  locked('userdel', ['-f', user]);
}

function processesOf(user: string, name?: string): readonly number[] {
  try {
    // Not those that have ended and wait for their new parent.
    const found = execFileSync('pgrep', ['-r', 'D,R,S', '-u', user, ...(name === undefined ? [] : ['-x', name])], {
      encoding: 'utf8',
    });
    return found.split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function keygen(type: string, file: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'test', '-f', file]);
}

async function untilListening(port: number, log: () => string, address = '127.0.0.1'): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const up = await new Promise<boolean>((resolve) => {
      const socket = connect(port, address);
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (up) return;
    await delay(50);
  }
  throw new Error(`sshd did not start:\n${log()}`);
}
