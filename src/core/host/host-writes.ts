import type { Connection, Reader } from './connection.ts';
import type { Docker, DockerReader } from './docker.ts';

type HostWrite = Exclude<keyof Connection, keyof Reader | 'lock' | 'under' | 'close'>;
type DockerWrite = Exclude<keyof Docker, keyof DockerReader | 'wait'>;

/**
 * How a write proves that its run still holds the lock of the host. `script`: the token is checked in the script that writes. `call`:
 * before the call. `long`: likewise, and the call is on record until it has ended, for it may take longer than its caller lives.
 */
export type Proof = 'script' | 'call' | 'long';

/** Every operation that changes a host. The compiler refuses a new one without its proof. */
export const HOST_WRITES: Readonly<Record<HostWrite, Proof>> = {
  writeFile: 'script',
  swapFile: 'script',
  makeDirectory: 'script',
  chmod: 'script',
  remove: 'script',
  upload: 'script',
  run: 'script',
  haproxyCommand: 'call',
};

/** The same for its Docker Engine. A pull ends with the connection that asked for it, and harms nobody. */
export const DOCKER_WRITES: Readonly<Record<DockerWrite, Proof>> = {
  create: 'call',
  start: 'long',
  stop: 'long',
  signal: 'call',
  remove: 'long',
  rename: 'call',
  pull: 'call',
  tag: 'call',
};
