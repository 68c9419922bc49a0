import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { type HoldingRelay, holdingRelay } from '../../support/ssh/holding-relay.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd[Symbol.asyncDispose]());

/** A connection from its first byte to its last: keys, login, the shell for readings, a write, and a command. */
async function session(relay: HoldingRelay): Promise<string> {
  const target = sshd.target({ port: relay.port, knownHosts: ['/dev/null'] });
  const host = await connectSsh(target, { acceptNewHostKeys: true });
  try {
    await host.facts();
    await host.writeFile(join(sshd.directory, 'written'), 'x'.repeat(500), { mode: '0600', owner: 0, group: 0 });
    return (await host.run({ argv: ['cat'] }, { stdin: 'y'.repeat(500) })).stdout.slice(-4);
  } finally {
    await host.close();
  }
}

test('a connection cut at any byte ends as a typed failure that may be retried, or has done its work', async () => {
  await using whole = await holdingRelay(sshd.port);
  expect(await session(whole)).toBe('yyyy');
  const bytes = whole.passed();
  const steps = 32;
  const ends = new Map<string, number>();
  for (let step = 0; step < steps; step++) {
    await using relay = await holdingRelay(sshd.port);
    const after = Math.floor((bytes * step) / steps);
    void relay.holdAfter(after).then(() => relay.cut());
    const end = await session(relay).catch((error: unknown) => {
      if (!(error instanceof OrchError)) throw error;
      expect({ after, code: error.code, host: error.host, retryable: error.retryable }).toEqual({
        after,
        code: expect.stringMatching(/^(CONNECT_(DROPPED|THROTTLED|REFUSED)|CONNECTION_LOST)$/),
        host: 'test-host',
        retryable: true,
      });
      return error.code;
    });
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  // Before the key exchange it was retried at once, during the login and after it was not.
  expect([...ends.keys()]).toEqual(expect.arrayContaining(['CONNECT_DROPPED', 'CONNECTION_LOST']));
}, 120_000);
