import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../base/free-port.ts';
import { installed } from '../base/installed.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** A real PostgreSQL server on 127.0.0.1, whose superuser is `api7ee`. */
export interface TestPostgres extends AsyncDisposable {
  readonly port: number;
  readonly password: string;
  /** Major version, as its programs are named. */
  readonly major: number;
  /** Certificate of its TLS, which is its own authority; undefined: it has none. */
  readonly ca: string | undefined;
}

const VERSIONS = '/usr/lib/postgresql';
const START_MS = 30_000;

/** Starts a server with these settings. Needs root, because PostgreSQL runs only as an unprivileged user. */
export async function startPostgres({
  tls = false,
  settings = {},
}: {
  readonly tls?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
} = {}): Promise<TestPostgres> {
  installed(VERSIONS, 'postgresql');
  const major = Math.max(...readdirSync(VERSIONS).map(Number));
  const bin = (program: string): string => `${VERSIONS}/${major}/bin/${program}`;
  const directory = temporaryDirectory('postgres');
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  ) as [number, number];
  const as = { uid, gid, cwd: directory, stdio: 'ignore' } as const;
  const password = 'some p@ss/word';
  const owned = (name: string, text?: string): string => {
    const path = join(directory, name);
    if (text !== undefined) writeFileSync(path, text);
    chownSync(path, uid, gid);
    chmodSync(path, 0o600);
    return path;
  };
  chownSync(directory, uid, gid);
  const data = join(directory, 'data');
  const pwfile = `--pwfile=${owned('password', password)}`;
  execFileSync(bin('initdb'), ['-D', data, '-U', 'api7ee', '-A', 'scram-sha-256', pwfile, '--no-sync'], as);
  if (tls) {
    const names = ['-subj', '/CN=db', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(directory, 'key')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-out', join(directory, 'cert')];
    execFileSync('openssl', [...request, ...names], { stdio: 'ignore' });
    for (const name of ['key', 'cert']) owned(name);
  }
  const port = await freePort();
  const own = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: directory,
    fsync: 'off',
    ...(tls ? { ssl: 'on', ssl_cert_file: join(directory, 'cert'), ssl_key_file: join(directory, 'key') } : {}),
    ...settings,
  };
  const words = Object.entries(own).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(bin('postgres'), ['-D', data, ...words], as);
  const ended = once(server, 'exit');
  const stop = async (): Promise<void> => {
    server.kill('SIGQUIT');
    await ended;
  };
  try {
    await accepting(bin('pg_isready'), port);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    password,
    major,
    ca: tls ? readFileSync(join(directory, 'cert'), 'utf8') : undefined,
    [Symbol.asyncDispose]: stop,
  };
}

/** A server that listens already may still refuse connections. */
async function accepting(isReady: string, port: number): Promise<void> {
  for (const end = Date.now() + START_MS; Date.now() < end; await delay(50))
    if (spawnSync(isReady, ['-q', '-h', '127.0.0.1', '-p', String(port)]).status === 0) return;
  throw new Error('PostgreSQL did not start');
}
