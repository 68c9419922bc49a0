import { expect, test } from 'vitest';
import { controllerReaches } from '../../../src/traffic/gates/controller-reaches.ts';
import { dialDirectly } from '../../../src/transport/ssh/connect/connect-watch.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { lateListener } from '../../support/ssh/late-listener.ts';

test('a slow address is waited for, also where the name has another one', async () => {
  using late = await lateListener();
  const target: SshTarget = {
    name: 'gw-1',
    address: 'gw-1.test',
    port: late.port,
    user: 'ops',
    become: 'none',
    connectTimeoutMs: 10_000,
  };
  const socket = await dialDirectly(target)(new AbortController().signal);
  expect(socket).toMatchObject({ remoteAddress: '127.0.0.1' });
  socket.destroy();
});

test('a slow balancer is not mistaken for an unreachable one', async () => {
  using late = await lateListener();
  expect(await controllerReaches('lb-1.test', late.port)).toBe(true);
});
