import { defined } from '../core/base/data.ts';
import { located } from '../core/base/errors.ts';
import { Collector } from '../core/bounds/collector.ts';
import { LIMITS } from '../core/bounds/limits.ts';
import type { HttpReply, HttpRequest, Stat } from '../core/host/connection.ts';
import { justWritten } from './files/just-written.ts';
import { ownersSeen } from './files/owners.ts';
import type { WriteScript } from './files/write-script.ts';
import { writes } from './files/writes.ts';
import { fencedCommand, fencedError, fenceLine, LOCK_PATHS, type LockPaths, wasFenced } from './lock/fence.ts';
import { hostLock, type RunLockScript } from './lock/host-lock.ts';
import type { RawConnection } from './raw-connection.ts';
import { automationRequest } from './read/automation-request.ts';
import { clockRequest } from './read/facts.ts';
import { networkRequest } from './read/network-request.ts';
import {
  fileRequest,
  freeBytesRequest,
  sha256Request,
  statRequest,
  treeRequest,
  type Whole,
} from './read/read-requests.ts';
import { readingShell } from './read/reading-shell.ts';
import { scriptReader } from './read/script-reader.ts';
import { sessionLimit } from './session-limit.ts';
import { runShell, type ShellRequest } from './shell/channel.ts';
import { commandScript, runCommand } from './shell/command.ts';
import { pieces, type Source } from './shell/feed.ts';
import { HOST_FUNCTIONS } from './shell/host-functions.ts';
import type { Exit, Launch, Rights } from './shell/shell-process.ts';
import { FENCE } from './shell/write-functions.ts';
import { dockerDial } from './sockets/dial.ts';
import type { Dialer } from './sockets/dialer.ts';
import { haproxyCommand } from './sockets/haproxy-command.ts';
import { haproxyShow } from './sockets/haproxy-show.ts';
import { haproxySocket } from './sockets/haproxy-socket.ts';
import { httpByTool } from './sockets/http-by-tool.ts';
import { type HttpMethod, httpOverSocket, httpTarget } from './sockets/http-get.ts';
import { askPostgres } from './sockets/postgres.ts';

/** The channels to a host, over SSH or local. */
export interface Carrier {
  readonly name: string;
  readonly rights: Rights;
  readonly launch: Launch;
  readonly dialer: Dialer;
  close(): Promise<void>;
  /** Directories of the host's lock; tests use their own. */
  readonly lockPaths?: LockPaths;
}

/** Largest input, in bytes, of a script for the persistent shell. */
const SMALL_INPUT = 256 * 1024;
/** The digest of a large file on a slow disk takes time; each reply restarts the limit. */
const READ_IDLE_MS = 3 * 60_000;
/** A lock script waits up to ten seconds for another one, and for a slow disk. */
const LOCK_MS = 60_000;

/** All operations of a host, over any carrier. Errors name the host. */
export function rawHost({ name, rights, launch, dialer, close, lockPaths = LOCK_PATHS }: Carrier): RawConnection {
  const sessions = sessionLimit();
  const staying = readingShell(launch, rights, sessions.held);
  const beats = readingShell(launch, rights, sessions.held);
  // A separate shell: HAProxy may be slow, and other reads must not wait for it.
  const asks = readingShell(launch, rights, sessions.held);
  const lockScript =
    (lane: typeof staying): RunLockScript =>
    (script) =>
      lane.run({ script, timeoutMs: LOCK_MS });
  const shell = (request: ShellRequest): Promise<Exit> => sessions.run(() => runShell(launch, rights, request));
  const just = justWritten();
  /** From here until the end of `work`, states reported by earlier writes are invalid. */
  const changing = <T>(work: () => Promise<T>): Promise<T> => {
    just.forget();
    return work().finally(just.forget);
  };
  const run: RawConnection['run'] = (command, options) =>
    changing(() => sessions.run(() => runCommand(launch, rights, command, options)));

  const owners = ownersSeen();
  const uploaded = new Map<string, Whole>();
  const sizes = new Map<string, number>();
  const reader = scriptReader(
    (script) => staying.run({ script, inside: true, idleMs: READ_IDLE_MS, timeoutMs: LIMITS.reads.ms }),
    owners.runAs,
  );
  const stat = async (path: string): Promise<Stat | null> => {
    const found = just.take(path, 'stat') ?? (await reader.ask(statRequest(path)));
    sizes.delete(path);
    // The size of a link is not that of its file.
    if (found?.type === 'file') sizes.set(path, found.size);
    if (found !== null) owners.learn(found);
    return found;
  };
  const sha256 = async (path: string): Promise<string | null> =>
    just.take(path, 'sha256') ??
    (await reader.ask(sha256Request(path, { whole: uploaded.get(path), size: sizes.get(path) })));
  const freeBytes = (path: string): Promise<number> => reader.ask(freeBytesRequest(path));
  const writeScript: WriteScript = async ({ script, stdin, onProgress, timeoutMs, idleMs }) => {
    const limits = defined({ timeoutMs, idleMs });
    const input = inMemory(stdin);
    if (input !== undefined && input.length <= SMALL_INPUT) {
      const { code, stderr } = await staying.run({ script, input, ...limits });
      return { code, stderr: stderr.toString() };
    }
    const stdout = new Collector(LIMITS.uploadOutput);
    const stderr = new Collector(LIMITS.uploadOutput);
    const exit = await shell({
      script: `${HOST_FUNCTIONS}\n${script}`,
      ...limits,
      stdin: input === undefined ? (stdin ?? []) : pieces(input),
      ...defined({ onStdinProgress: onProgress }),
      onStdout: (chunk) => stdout.add(chunk),
      onStderr: (chunk) => stderr.add(chunk),
    });
    return { code: exit.code, stderr: stderr.bytes().toString() };
  };
  const writesBy = (send: WriteScript): Writes =>
    writes({
      run: (request) => changing(() => send(request)),
      freeBytes,
      isOurs: owners.isOurs,
      onUploaded: (path, whole) => void uploaded.set(path, whole),
      onWritten: (path, stat, digest) => just.add(path, { stat, ...defined({ sha256: digest }) }),
    });
  const write = writesBy(writeScript);

  let forwards = true;
  const http = async (asked: HttpRequest, method: HttpMethod): Promise<HttpReply> => {
    const target = httpTarget(asked, method);
    const reply = forwards ? await httpOverSocket(dialer, target) : null;
    if (reply !== null) return reply;
    forwards = false;
    return await httpByTool(run, target);
  };
  const postgres = askPostgres(dialer);
  const askHaproxy = haproxySocket(dialer, (script, timeoutMs) => asks.run({ script, timeoutMs }));
  const show = haproxyShow(askHaproxy);
  const order = haproxyCommand(askHaproxy);
  const dialDocker = dockerDial(dialer, launch, rights, sessions.held);

  /** Adds the host to each failure. */
  const here = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw located(error, { host: name });
    }
  };

  const plain: RawConnection = {
    name,
    lock: hostLock({ run: lockScript(staying), beats: lockScript(beats), paths: lockPaths, here }),
    facts: () => here(reader.facts()),
    clock: () => here(reader.ask(clockRequest)),
    stat: (path) => here(stat(path)),
    sha256: (path) => here(sha256(path)),
    read: (path, limit = LIMITS.file.bytes) => here(reader.ask(fileRequest(path, limit))),
    tree: (path) => here(reader.ask(treeRequest(path))),
    freeBytes: (path) => here(freeBytes(path)),
    network: (options) => here(reader.ask(networkRequest(options))),
    automation: () => here(reader.ask(automationRequest())),
    httpGet: (asked) => here(http(asked, 'GET')),
    httpPost: (asked) => here(http(asked, 'POST')),
    postgres: (login) => here(postgres(login)),
    haproxyShow: (socket, what) => here(show(socket, what)),
    haproxyCommand: (socket, command) => here(order(socket, command)),
    test: (command, options) => here(run(command, options)),
    run: (command, options) => here(run(command, options)),
    ...placed(write, here),
    dialDocker: (release) => here(dialDocker(release)),
    under: (token) => fenced(token),
    close: async () => {
      staying.close();
      beats.close();
      asks.close();
      await close();
    },
  };

  /** Its scripts check the token themselves. */
  const fenced = (token: string): RawConnection => ({
    ...plain,
    ...placed(
      writesBy(async (request) => {
        const script = `${fenceLine(lockPaths, token)}\n${request.script}`;
        const ended = await writeScript({ ...request, script });
        if (wasFenced(token, ended)) throw fencedError();
        return ended;
      }),
      here,
    ),
    run: async (command, options = {}) => {
      const { cwd: _, env: __, ...rest } = options;
      const script = fencedCommand(lockPaths, token, commandScript(command, options), FENCE.join('\n'));
      const ended = await here(run({ script }, rest));
      if (wasFenced(token, ended)) throw located(fencedError(), { host: name });
      return ended;
    },
  });
  return plain;
}

type Writes = ReturnType<typeof writes>;

const placed = (write: Writes, here: <T>(work: Promise<T>) => Promise<T>): Writes => ({
  writeFile: (path, content, owned) => here(write.writeFile(path, content, owned)),
  swapFile: (path, swap, owned) => here(write.swapFile(path, swap, owned)),
  makeDirectory: (path, owned) => here(write.makeDirectory(path, owned)),
  chmod: (path, owned) => here(write.chmod(path, owned)),
  remove: (path) => here(write.remove(path)),
  upload: (local, remote, options) => here(write.upload(local, remote, options)),
});

/** Input that is already in memory; undefined if it must be read from a file. */
function inMemory(stdin: Source | undefined): Uint8Array | undefined {
  if (stdin === undefined) return new Uint8Array();
  return Symbol.iterator in stdin ? Buffer.concat([...stdin]) : undefined;
}
