import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sshAgent } from '../../../../src/transport/ssh/login/agent.ts';
import { temporaryDirectory } from '../../../support/base/temporary-directory.ts';
import { wireText as text } from '../../../support/ssh/ssh-keys.ts';

const directory = temporaryDirectory('agent');

const ed25519 = Buffer.concat([text('ssh-ed25519'), text(Buffer.alloc(32, 7))]);
const token = Buffer.concat([text('sk-ssh-ed25519@openssh.com'), text(Buffer.alloc(32, 7)), text('ssh:')]);
const unknownKind = Buffer.concat([text('ssh-tomorrow'), text('?')]);
const answer = (...keys: readonly (readonly [Buffer, string])[]): Buffer => {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(keys.length);
  return text(
    Buffer.concat([Buffer.from([12]), count, ...keys.flatMap(([blob, comment]) => [text(blob), text(comment)])]),
  );
};

let served = 0;
/** An agent with scripted replies. */
async function agentThat(answers: (socket: Socket) => void) {
  const path = join(directory, `agent-${served++}`);
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    socket.on('error', () => {}).once('data', () => answers(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, calls: () => calls, [Symbol.dispose]: () => void server.close() };
}

test('keys of an unusable kind are named with the hint, the others are kept', async () => {
  using fake = await agentThat((socket) => {
    // In two pieces, as a stream may deliver it.
    const bytes = answer([token, 'my token'], [ed25519, 'mine'], [unknownKind, 'odd']);
    socket.write(bytes.subarray(0, 30));
    setTimeout(() => socket.write(bytes.subarray(30)), 20);
  });
  const agent = await sshAgent(fake.path);
  expect(agent.note).toBe('ssh-agent with 3 keys');
  expect(agent.keys.map(({ comment }) => comment)).toEqual(['mine']);
  expect(agent.unusable).toEqual([
    expect.stringMatching(
      /^agent key my token \(sk-ssh-ed25519@openssh\.com, SHA256:.*\): FIDO keys are not supported/,
    ),
    expect.stringMatching(/^agent key odd \(ssh-tomorrow, .*not supported/),
  ]);
});

test('is listed once for all requests, and again when another one has replaced it', async () => {
  using fake = await agentThat((socket) => socket.write(answer([ed25519, 'mine'])));
  await Promise.all([1, 2, 3].map(() => sshAgent(fake.path)));
  await sshAgent(fake.path);
  expect(fake.calls()).toBe(1);
});

test.each<[string, (socket: Socket) => void, RegExp]>([
  ['hangs up', (socket) => socket.destroy(), /does not respond \(it hung up\)/],
  ['refuses', (socket) => socket.write(text(Buffer.from([5]))), /refuses to list its keys/],
  ['cuts its answer short', (socket) => socket.write(text(Buffer.from([12, 0, 0, 0, 9]))), /does not respond/],
  ['is empty', (socket) => socket.write(answer()), /^the ssh-agent holds no key$/],
])('one that %s is an agent without keys', async (_name, answers, note) => {
  using fake = await agentThat(answers);
  expect(await sshAgent(fake.path)).toEqual({ keys: [], note: expect.stringMatching(note), unusable: [] });
});

test.each<[string | undefined, NodeJS.ProcessEnv, RegExp]>([
  ['none', { SSH_AUTH_SOCK: '/x' }, /IdentityAgent none/],
  [undefined, {}, /SSH_AUTH_SOCK is not set/],
  ['SSH_AUTH_SOCK', {}, /SSH_AUTH_SOCK is not set/],
  ['$MY_AGENT', { SSH_AUTH_SOCK: '/x' }, /MY_AGENT is not set/],
  ['$' + '{MY_AGENT}', { MY_AGENT: '/nowhere/agent' }, /at \/nowhere\/agent does not respond/],
  ['/nowhere/else', { SSH_AUTH_SOCK: '/x' }, /at \/nowhere\/else does not respond/],
])('IdentityAgent %s in %j', async (socket, env, note) => {
  expect((await sshAgent(socket, env)).note).toMatch(note);
});
