import { sha256 } from '../../src/core/base/data.ts';
import type { Command, RunResult } from '../../src/core/host/connection.ts';
import type { LogConfig } from '../../src/core/host/docker.ts';
import { archivedImages } from '../../src/tasks/image/archived-images.ts';
import { FakeDocker } from '../../src/testing/fake-docker.ts';
import { FakeHost, type FakeHostOptions } from '../../src/testing/fake-host.ts';
import { streamOf, untarGz } from './archives.ts';

/** A fake host with a fake engine on it: containers have the host's files, `docker load` and `tar` work on them. */
export class DockerHost extends FakeHost {
  readonly engine: FakeDocker;

  constructor(
    options: Partial<FakeHostOptions> & { readonly store?: 'classic' | 'containerd'; readonly log?: LogConfig } = {},
  ) {
    const { store = 'classic', log, ...rest } = options;
    const files = {
      read: (path: string) => this?.fileText(path) ?? null,
      exists: (path: string) => this?.files.has(path) ?? false,
    };
    const engine = new FakeDocker({ store, files, imageEnv: ['PATH=/usr/bin', 'LANG=C'] });
    if (log !== undefined) engine.log = log;
    super({ name: 'gw-1', docker: engine, command: (command, host) => carryOut(command, host, engine), ...rest });
    this.engine = engine;
    // A container with another entry point than its image's runs one command, and ends.
    engine.program = ({ Entrypoint }) => (Entrypoint === undefined ? undefined : { exitCode: 0, log: '' });
  }

  /** A process's own view of its mounted files, as in /proc. */
  override async sha256(path: string): Promise<string | null> {
    const [, pid, target] = OF_PROCESS.exec(path) ?? [];
    // A request like any other, so that it counts as a round trip.
    const digest = await super.sha256(path);
    if (pid === undefined || target === undefined) return digest;
    const seen = this.engine.seenFile(Number(pid), target);
    return seen === null ? null : sha256(seen);
  }

  override async read(path: string, limit?: number): Promise<Buffer | null> {
    const [, pid, target] = OF_PROCESS.exec(path) ?? [];
    const content = await super.read(path, limit);
    if (pid === undefined || target === undefined) return content;
    const seen = this.engine.seenFile(Number(pid), target);
    return seen === null ? null : Buffer.from(seen);
  }
}

/** A file as a process sees it. */
const OF_PROCESS = /^\/proc\/(\d+)\/root(\/.*)$/;

function carryOut(command: Command, host: FakeHost, engine: FakeDocker): Partial<RunResult> | undefined {
  // The fake replies at once, so the asynchronous part was prepared when the archive was registered.
  const [program, ...words] = 'argv' in command ? command.argv : [];
  if (program === 'tar') return unpack(host, words[1] ?? '', words[3] ?? '');
  if (program === 'mv') return move(host, words[0] ?? '', words[1] ?? '');
  if (program === 'docker') return load(host, engine, words.at(-1) ?? '');
  return undefined;
}

const ROOT = { mode: '0644', owner: 'root', group: 'root' } as const;

const unpacked = new Map<string, ReadonlyMap<string, Buffer>>();
const loadable = new Map<string, Awaited<ReturnType<typeof archivedImages>>>();

/** Registers an archive for every fake host: by its digest, so that only the right bytes can be unpacked or loaded. */
export async function registerPackage(archive: Buffer): Promise<void> {
  const files = await untarGz(archive);
  unpacked.set(sha256(archive), files);
  for (const [name, bytes] of files)
    if (name.startsWith('images/')) loadable.set(sha256(bytes), await archivedImages(streamOf(bytes)));
}

function unpack(host: FakeHost, archive: string, into: string): Partial<RunResult> {
  const files = unpacked.get(host.files.sha256(archive) ?? '');
  if (files === undefined) return { code: 2, stderr: 'gzip: stdin: unexpected end of file' };
  for (const [name, content] of files) {
    const path = `${into}/${name}`;
    host.files.makeDirectory(path.slice(0, path.lastIndexOf('/')), { ...ROOT, mode: '0755' });
    host.files.write(path, content, ROOT);
  }
  return { code: 0 };
}

function move(host: FakeHost, from: string, to: string): Partial<RunResult> {
  for (const [path, node] of [...host.files]) {
    if (path !== from && !path.startsWith(`${from}/`)) continue;
    host.files.delete(path);
    host.files.set(`${to}${path.slice(from.length)}`, node);
  }
  return { code: 0 };
}

function load(host: FakeHost, engine: FakeDocker, path: string): Partial<RunResult> {
  const images = loadable.get(host.files.sha256(path) ?? '');
  if (images === undefined) return { code: 1, stderr: 'open: no such file or directory' };
  // One platform after another, each under the same name: the last one keeps it.
  for (const { platforms, tags } of images)
    for (const { accepted } of platforms) {
      const [classic = '', containerd = classic] = accepted;
      engine.loadArchive({ classic, containerd }, tags[0]);
    }
  return { code: 0 };
}
