import type { Connection, Reader } from './connection.ts';
import type { Docker, DockerReader } from './docker.ts';

type HostWrite = Exclude<keyof Connection, keyof Reader | 'lock' | 'under' | 'close'>;
type DockerWrite = Exclude<keyof Docker, keyof DockerReader | 'wait'>;

/**
 * How a write checks that its run still holds the lock of the host. `script`: the script that writes checks the token.
 * `call`: the token is checked before the call. `long`: as `call`, and the lock names the call until it has ended,
 * because it may outlive its caller.
 */
export type Proof = 'script' | 'call' | 'long';

/** Every operation that changes a host. The compiler refuses a new operation without its check. */
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

/** The same for the host's Docker Engine. A pull ends with its connection and does no harm. */
export const DOCKER_WRITES: Readonly<Record<DockerWrite, Proof>> = {
  create: 'call',
  start: 'long',
  stop: 'long',
  signal: 'call',
  remove: 'long',
  rename: 'call',
  setRestartPolicy: 'call',
  pull: 'call',
  tag: 'call',
};
