import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sshConfig } from '../../../src/transport/ssh/config/config.ts';
import { resolveTarget } from '../../../src/transport/ssh/config/destination.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { holdingRelay } from '../../support/ssh/holding-relay.ts';
import { file } from '../../support/ssh/ssh-config-cases.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let far: TestSshd;
let bastion: TestSshd;
beforeAll(async () => {
  [far, bastion] = await Promise.all([startSshd({ sudo: 'none' }), startSshd({ sudo: 'none' })]);
});
afterAll(async () => {
  await Promise.all([far, bastion].map((sshd) => sshd[Symbol.asyncDispose]()));
});

/** As in a configuration that closes a dead link after three seconds. */
async function impatient(): Promise<Partial<SshTarget>> {
  const config = file('ServerAliveInterval 1\nServerAliveCountMax 2\n');
  const { keepalive } = await resolveTarget('gw-1', { address: 'gw', config }, sshConfig());
  if (keepalive === undefined) throw new Error('the configuration was not followed');
  return { keepalive };
}

test.concurrent.each([
  { way: 'to the host', freezes: 'far' },
  { way: 'from the jump host to the host', freezes: 'far', jumps: true },
  { way: 'to the jump host', freezes: 'bastion', jumps: true },
])(
  'a link $way that is frozen and not cut is closed, and all its work may be retried',
  async ({ freezes, jumps }) => {
    await using relay = await holdingRelay(freezes === 'far' ? far.port : bastion.port);
    const frozen = { port: relay.port, knownHosts: ['/dev/null'], ...(await impatient()) };
    const jump = bastion.target({ become: 'none', ...(freezes === 'bastion' ? frozen : {}) });
    const target = far.target({
      become: 'none',
      ...(freezes === 'far' ? frozen : {}),
      ...(jumps === undefined ? {} : { jump }),
    });
    const host = await connectSsh(target, { acceptNewHostKeys: true });
    await host.facts();
    // An idle link is kept: it replies to the keepalives.
    await delay(3500);
    const running = host.run({ argv: ['sleep', '60'] });
    running.catch(() => {});
    const reading = host.run({ argv: ['cat'] }, { stdin: 'x' });
    expect((await reading).stdout).toBe('x');
    await relay.holdAfter(0);
    const since = Date.now();
    const lost = {
      code: 'CONNECTION_LOST',
      retryable: true,
      host: 'test-host',
      hint: expect.stringContaining('run the same command'),
    };
    await expect(running).rejects.toMatchObject(lost);
    // By default it takes half a minute.
    expect(Date.now() - since).toBeLessThan(20_000);
    await expect(host.stat('/')).rejects.toMatchObject(lost);
    await host.close();
  },
  60_000,
);
