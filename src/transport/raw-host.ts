import { located } from '../core/errors.ts';
import { runShell, type ShellRequest } from './channel.ts';
import { runCommand } from './command.ts';
import { dockerDial } from './dial.ts';
import type { Dialer } from './dialer.ts';
import { haproxyShow } from './haproxy-show.ts';
import { httpByTool } from './http-by-tool.ts';
import { httpOverSocket, httpTarget } from './http-get.ts';
import type { RawConnection } from './raw-connection.ts';
import { fileRequest, freeBytesRequest, sha256Request, statRequest, treeRequest } from './read-requests.ts';
import { type RunScript, scriptReader } from './script-reader.ts';
import { sessionLimit } from './session-limit.ts';
import type { Become, Exit, Launch } from './shell-process.ts';
import { writes } from './writes.ts';

/** A way to a host, whatever carries it. */
export interface Carrier {
  readonly name: string;
  readonly become: Become;
  readonly launch: Launch;
  readonly dialer: Dialer;
  close(): Promise<void>;
}

const READ_LIMIT = 1024 * 1024;
/** A digest of a large file on a slow disk may take its time; each reply starts the silence anew. */
const READ_IDLE_MS = 3 * 60_000;

/** All that can be done on a host, over any carrier. Errors name the host. */
export function rawHost({ name, become, launch, dialer, close }: Carrier): RawConnection {
  const sessions = sessionLimit();
  const shell = (request: ShellRequest): Promise<Exit> => sessions.run(() => runShell(launch, become, request));
  const run: RawConnection['run'] = (command, options) =>
    sessions.run(() => runCommand(launch, become, command, options));

  const readScript: RunScript = async (script) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let sentAt = 0;
    let answeredAt = 0;
    await shell({
      script,
      idleMs: READ_IDLE_MS,
      onSent: () => {
        sentAt = Date.now();
      },
      onStdout: (chunk) => {
        if (answeredAt === 0) answeredAt = Date.now();
        stdout.push(chunk);
      },
      onStderr: (chunk) => stderr.push(chunk),
    });
    return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), sentAt, answeredAt };
  };
  const reader = scriptReader(readScript);
  const freeBytes = (path: string): Promise<number> => reader.ask(freeBytesRequest(path));
  const write = writes(async ({ script, stdin, onProgress, timeoutMs, idleMs }) => {
    const stderr: Buffer[] = [];
    const exit = await shell({
      script,
      ...(stdin === undefined ? {} : { stdin }),
      ...(onProgress === undefined ? {} : { onStdinProgress: onProgress }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(idleMs === undefined ? {} : { idleMs }),
      onStdout: () => {},
      onStderr: (chunk) => stderr.push(chunk),
    });
    return { code: exit.code, stderr: Buffer.concat(stderr).toString() };
  }, freeBytes);

  let forwards = true;
  const httpGet: RawConnection['httpGet'] = async (asked) => {
    const target = httpTarget(asked);
    const reply = forwards ? await httpOverSocket(dialer, target) : null;
    if (reply !== null) return reply;
    forwards = false;
    return await httpByTool(run, target);
  };
  const show = haproxyShow(dialer, run);
  const dialDocker = dockerDial(dialer, launch, become, sessions.held);

  /** Every failure of this host says so. */
  const here = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw located(error, { host: name });
    }
  };

  return {
    name,
    facts: () => here(reader.facts()),
    stat: (path) => here(reader.ask(statRequest(path))),
    sha256: (path) => here(reader.ask(sha256Request(path))),
    read: (path, limit = READ_LIMIT) => here(reader.ask(fileRequest(path, limit))),
    tree: (path) => here(reader.ask(treeRequest(path))),
    freeBytes: (path) => here(freeBytes(path)),
    httpGet: (asked) => here(httpGet(asked)),
    haproxyShow: (socket, what) => here(show(socket, what)),
    test: (command, options) => here(run(command, options)),
    run: (command, options) => here(run(command, options)),
    writeFile: (path, content, owned) => here(write.writeFile(path, content, owned)),
    makeDirectory: (path, owned) => here(write.makeDirectory(path, owned)),
    chmod: (path, owned) => here(write.chmod(path, owned)),
    remove: (path) => here(write.remove(path)),
    upload: (local, remote, options) => here(write.upload(local, remote, options)),
    dialDocker: () => here(dialDocker()),
    close,
  };
}
