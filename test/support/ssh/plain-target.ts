import type { SshTarget } from '../../../src/transport/ssh/target.ts';

/** A host as simple as can be: nothing about it but where it is and who logs in. */
export const plainTarget: SshTarget = {
  name: 'gw-1',
  address: '10.0.0.7',
  port: 22,
  user: 'ops',
  become: 'none',
  connectTimeoutMs: 10_000,
};
