import type { Docker } from '../core/host/docker.ts';

interface Trips {
  ask<T>(answer: () => T | Promise<T>): Promise<T>;
  write<T>(change: () => T | Promise<T>): Promise<T>;
}

/**
 * An Engine whose calls count as the host's round trips: its reads share a batch, and its writes can be cut like
 * others.
 */
export const countedDocker = (docker: Docker, { ask, write }: Trips): Docker => ({
  info: () => ask(() => docker.info()),
  container: (name) => ask(() => docker.container(name)),
  file: (name, path) => ask(() => docker.file(name, path)),
  containers: () => ask(() => docker.containers()),
  image: (ref) => ask(() => docker.image(ref)),
  logs: (name, lines) => ask(() => docker.logs(name, lines)),
  digestOf: (ref, login) => ask(() => docker.digestOf(ref, login)),
  create: (name, body) => write(() => docker.create(name, body)),
  start: (name) => write(() => docker.start(name)),
  stop: (name, options) => write(() => docker.stop(name, options)),
  signal: (name, signal) => write(() => docker.signal(name, signal)),
  wait: (name, timeoutSeconds) => ask(() => docker.wait(name, timeoutSeconds)),
  remove: (name, options) => write(() => docker.remove(name, options)),
  rename: (name, to) => write(() => docker.rename(name, to)),
  setRestartPolicy: (name, policy) => write(() => docker.setRestartPolicy(name, policy)),
  pull: (ref, login) => write(() => docker.pull(ref, login)),
  tag: (id, ref) => write(() => docker.tag(id, ref)),
});
