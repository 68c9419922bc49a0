import { OrchError } from '../core/base/errors.ts';
import type { Connection } from '../core/host/connection.ts';
import type { Docker } from '../core/host/docker.ts';
import { containerFile } from './container-file.ts';
import { digestInRegistry } from './digest-in-registry.ts';
import { Engine } from './engine.ts';
import { endOfLog, logText } from './logs.ts';
import { pullImage } from './pull.ts';
import {
  containerInspect,
  containerSummaries,
  createReply,
  engineInfo,
  imageInspect,
  parseReply,
  updateReply,
  waitReply,
} from './replies.ts';
import { type EngineRequest, inPath, withQuery } from './request.ts';
import type { Dial } from './socket.ts';
import { stopContainer } from './stop.ts';

/** Enough for many files on a slow disk. */
const REMOVAL_MS = 2 * 60_000;

/** A `Docker` whose idle sockets can be closed. */
export type DialledDocker = Docker & { close(): void };

/**
 * The Docker Engine behind `dial`; each call is one or a few requests of its HTTP API. Opens no socket and loads no
 * HTTP client before the first call.
 *
 * Errors: DOCKER_NOT_FOUND, DOCKER_DENIED, DOCKER_UNREACHABLE (no Engine), DOCKER_FAILED (refused, with the Engine's
 * message), PORT_TAKEN, DISK_FULL, IMAGE_MISSING, IMAGE_PULL_FAILED, REGISTRY_DENIED, TIMED_OUT.
 *
 * @example const docker = dockerOver(async () => net.connect('/var/run/docker.sock'));
 */
export function dockerOver(dial: Dial): DialledDocker {
  const engine = new Engine(dial);

  const container: Docker['container'] = async (name) => {
    const doing = `inspect container ${name}`;
    const reply = await engine.find(doing, `/containers/${inPath(name)}/json`);
    return reply === null ? null : parseReply(containerInspect, reply, doing);
  };

  return {
    container,
    close: () => engine.close(),

    async info() {
      const doing = 'read the limits of the Docker Engine';
      return parseReply(engineInfo, await engine.look(doing, '/info'), doing);
    },

    async containers() {
      const doing = 'list containers';
      const reply = await engine.look(doing, '/containers/json?all=true');
      return parseReply(containerSummaries, reply, doing);
    },

    file: (name, path) => containerFile(engine, name, path),

    async image(ref) {
      const doing = `inspect image ${ref}`;
      const reply = await engine.find(doing, `/images/${inPath(ref)}/json`);
      return reply === null ? null : parseReply(imageInspect, reply, doing);
    },

    async logs(name, lines) {
      const path = withQuery(`/containers/${inPath(name)}/logs`, { stdout: true, stderr: true, tail: lines });
      const doing = `read the log of container ${name}`;
      // 404: no such container. 501: its log driver keeps no readable log.
      const reply = await engine.change(doing, { method: 'GET', path }, { fine: [404, 501] });
      return reply === null ? '' : endOfLog(logText(reply.body));
    },

    async create(name, body) {
      const doing = `create container ${name}`;
      const reply = await engine.changeJson(doing, { ...post('/containers/create', { name }), body });
      return parseReply(createReply, reply, doing).Id;
    },

    async start(name) {
      const limitMs = 5 * 60_000;
      const request = post(`/containers/${inPath(name)}/start`);
      await engine.order(`start container ${name}`, request, { fine: [304], limitMs });
    },

    async stop(name, options) {
      const found = await container(name);
      if (found === null) return;
      const now = { running: found.State.Running, signal: found.Config.StopSignal };
      await stopContainer(engine, name, now, options);
    },

    async signal(name, signal) {
      const request = post(`/containers/${inPath(name)}/kill`, { signal });
      // 409: it does not run.
      await engine.order(`send ${signal} to container ${name}`, request, { fine: [404, 409] });
    },

    async wait(name, timeoutSeconds) {
      const doing = `wait for container ${name} to end`;
      const request = post(`/containers/${inPath(name)}/wait`, { condition: 'not-running' });
      const reply = await engine.changeJson(doing, request, { limitMs: timeoutSeconds * 1000 });
      return parseReply(waitReply, reply, doing).StatusCode;
    },

    async remove(name, { keepVolumes = false } = {}) {
      const path = withQuery(`/containers/${inPath(name)}`, { v: !keepVolumes });
      const doing = `remove container ${name}`;
      try {
        await engine.order(doing, { method: 'DELETE', path }, { fine: [404] });
      } catch (error) {
        if (!(error instanceof OrchError) || !/removal of container .* is already in progress/.test(error.message))
          throw error;
        // Its name is free only when the removal is complete.
        const gone = post(`/containers/${inPath(name)}/wait`, { condition: 'removed' });
        await engine.change(doing, gone, { fine: [404], limitMs: REMOVAL_MS });
      }
    },

    async rename(name, to) {
      const request = post(`/containers/${inPath(name)}/rename`, { name: to });
      await engine.order(`rename container ${name} to ${to}`, request);
    },

    async setRestartPolicy(name, { Name, MaximumRetryCount = 0 }) {
      const request = {
        ...post(`/containers/${inPath(name)}/update`),
        body: { RestartPolicy: { Name, MaximumRetryCount } },
      };
      const doing = `set the restart policy of container ${name}`;
      parseReply(updateReply, await engine.changeJson(doing, request), doing);
    },

    pull: (ref, login) => pullImage(engine, ref, login),

    digestOf: (ref, login) => digestInRegistry(engine, ref, login),

    async tag(id, ref) {
      const at = ref.lastIndexOf(':');
      const tagged = at > ref.lastIndexOf('/');
      const target = { repo: tagged ? ref.slice(0, at) : ref, tag: tagged ? ref.slice(at + 1) : 'latest' };
      await engine.order(`tag image ${id} as ${ref}`, post(`/images/${inPath(id)}/tag`, target));
    },
  };
}

const post = (path: string, query: Readonly<Record<string, string>> = {}): EngineRequest => ({
  method: 'POST',
  path: Object.keys(query).length === 0 ? path : withQuery(path, query),
});

/** A connection that can open a stream to its host's Docker socket. */
export type DockerlessConnection = Omit<Connection, 'docker' | 'under'> & {
  readonly dialDocker: Dial;
  under(token: string): DockerlessConnection;
};

/**
 * The same connection with its host's Docker Engine. Opens no socket before the first Docker call.
 *
 * @example const host = withDocker(await connectSsh(target, options));
 */
export const withDocker = (raw: DockerlessConnection): Connection =>
  withEngine(
    raw,
    dockerOver((release) => raw.dialDocker(release)),
  );

const withEngine = (raw: DockerlessConnection, docker: DialledDocker): Connection => ({
  name: raw.name,
  docker,
  lock: raw.lock,
  facts: () => raw.facts(),
  clock: () => raw.clock(),
  stat: (path) => raw.stat(path),
  sha256: (path) => raw.sha256(path),
  read: (path, limit) => raw.read(path, limit),
  tree: (path) => raw.tree(path),
  freeBytes: (path) => raw.freeBytes(path),
  network: () => raw.network(),
  automation: () => raw.automation(),
  httpGet: (request) => raw.httpGet(request),
  httpPost: (request) => raw.httpPost(request),
  postgres: (login) => raw.postgres(login),
  haproxyShow: (socket, what) => raw.haproxyShow(socket, what),
  haproxyCommand: (socket, command) => raw.haproxyCommand(socket, command),
  test: (command, options) => raw.test(command, options),
  writeFile: (path, content, ownership) => raw.writeFile(path, content, ownership),
  swapFile: (path, swap, ownership) => raw.swapFile(path, swap, ownership),
  makeDirectory: (path, ownership) => raw.makeDirectory(path, ownership),
  chmod: (path, ownership) => raw.chmod(path, ownership),
  remove: (path) => raw.remove(path),
  upload: (local, remote, options) => raw.upload(local, remote, options),
  run: (command, options) => raw.run(command, options),
  under: (token) => withEngine(raw.under(token), docker),
  async close() {
    docker.close();
    await raw.close();
  },
});
