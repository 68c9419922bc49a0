import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Client } from 'ssh2';
import { afterEach, expect, test, vi } from 'vitest';
import { readingShell } from '../../src/transport/read/reading-shell.ts';
import { runShell } from '../../src/transport/shell/channel.ts';
import { latchedEvents } from '../../src/transport/shell/latched-events.ts';
import type { Launch, Rights } from '../../src/transport/shell/shell-process.ts';
import { scriptSocket } from '../../src/transport/sockets/script-socket.ts';
import { sshLink } from '../../src/transport/ssh/link/link.ts';

const rights: Rights = { become: 'none' };
afterEach(() => void vi.useRealTimers());

/** A shell without output, whose end is set by the test. */
function mute() {
  const events = latchedEvents();
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const launch: Launch = async () => ({ ...streams, watch: events.watch, abandon: () => {} });
  return { launch, events };
}

/** A client that has lost its socket, and has not noticed yet. */
const dead = (): Client => {
  const exec = (): never => {
    throw new Error('Not connected');
  };
  return Object.assign(new EventEmitter(), { exec }) as unknown as Client;
};

interface Failure {
  readonly what: string;
  readonly fail: () => Promise<unknown>;
  readonly code: string;
  readonly retryable: boolean;
  readonly hint: RegExp;
}
const failures: readonly Failure[] = [
  {
    what: 'a session on a link that is gone',
    fail: () => sshLink(dead(), new PassThrough()).launch('true'),
    code: 'CONNECTION_LOST',
    retryable: true,
    hint: /run the same command/,
  },
  {
    what: 'a command whose channel closes without its exit status',
    fail: () => {
      const { launch, events } = mute();
      const running = runShell(launch, rights, { script: 'true', onStdout: () => {}, onStderr: () => {} });
      setImmediate(() => events.close());
      return running;
    },
    code: 'CONNECTION_LOST',
    retryable: true,
    hint: /unknown; run the same command/,
  },
  {
    what: 'a reading that is under way when the connection is closed',
    fail: () => {
      const shell = readingShell(mute().launch, rights, () => {});
      const reading = shell.run({ script: 'true' });
      setImmediate(() => shell.close());
      return reading;
    },
    code: 'CONNECTION_LOST',
    retryable: false,
    hint: /run the same command/,
  },
  {
    what: 'a socket whose shell does not start',
    fail: async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const socket = await scriptSocket(mute().launch, rights, 'true', () => undefined);
      const ended = new Promise((_, reject) => socket.once('error', reject));
      vi.advanceTimersByTime(15_000);
      return await ended;
    },
    code: 'TIMED_OUT',
    retryable: true,
    hint: /load of the host/,
  },
];

test.each(failures)('$what: $code, with a hint', async ({ fail, code, retryable, hint }) => {
  await expect(fail()).rejects.toMatchObject({ code, retryable, hint: expect.stringMatching(hint) });
});
