import type { SshTarget } from '../../../src/transport/ssh/target.ts';

/** The simplest host: only its address and its login user. */
export const plainTarget: SshTarget = {
  name: 'gw-1',
  address: '10.0.0.7',
  port: 22,
  user: 'ops',
  become: 'none',
  connectTimeoutMs: 10_000,
};
