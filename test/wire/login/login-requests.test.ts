import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuthContext, AuthenticationType } from 'ssh2';
import { describe, expect, test } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import type { Ask, Question } from '../../../src/transport/ssh/ask.ts';
import { openLink } from '../../../src/transport/ssh/connect/client.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { startAuthServer } from '../../support/ssh/auth-server.ts';
import { keyPair, promptWith, startAgent } from '../../support/ssh/ssh-keys.ts';

const enter = async (target: SshTarget, ask?: Ask, signal?: AbortSignal): Promise<void> => {
  const options = defined({ ask, signal });
  const link = await openLink(target, { acceptNewHostKeys: false, ...options });
  await link.close();
};
const takes =
  (...keys: readonly string[]) =>
  (request: AuthContext): void => {
    const blobs = keys.map((key) => readFileSync(`${key}.pub`, 'utf8').split(' ')[1]);
    if (request.method === 'publickey' && blobs.includes(request.key.data.toString('base64'))) request.accept();
    else request.reject(['publickey']);
  };

test('a key from a file costs one round trip, an only key of the agent too', async () => {
  const judges: ((request: AuthContext) => void)[] = [];
  await using server = await startAuthServer((request) => judges[0]?.(request));
  const [right, wrong] = [keyPair(join(server.directory, 'right')), keyPair(join(server.directory, 'wrong'))];
  judges.push(takes(right));
  await enter(server.target({ identityFiles: [right] }));
  expect(server.requests.splice(0)).toEqual(['publickey signed']);
  await enter(server.target({ identityFiles: [wrong, right] }));
  expect(server.requests.splice(0)).toEqual(['publickey signed', 'publickey signed']);
  const socket = join(server.directory, 'agent');
  using _agent = await startAgent(socket, [right]);
  await enter(server.target({ identityAgent: socket }));
  expect(server.requests.splice(0)).toEqual(['publickey signed']);
  using _more = await startAgent(`${socket}-2`, [wrong, right]);
  await enter(server.target({ identityAgent: `${socket}-2` }));
  expect(server.requests.splice(0)).toEqual(['publickey query', 'publickey query', 'publickey signed']);
});

test('a password is sent once, by the first possible method, and never before the server offers one', async () => {
  await using server = await startAuthServer((request) => {
    if (request.method === 'keyboard-interactive')
      request.prompt([{ prompt: 'Password: ', echo: false }], () =>
        request.reject(['keyboard-interactive', 'password']),
      );
    else request.reject(['keyboard-interactive', 'password']);
  });
  const failed = { code: 'CONNECT_AUTH_FAILED' };
  await expect(enter(server.target({ password: Secret.of('wrong') }))).rejects.toMatchObject(failed);
  expect(server.requests.splice(0)).toEqual(['none', 'keyboard-interactive']);
  const { ask, asked } = promptWith();
  await expect(enter(server.target(), ask)).rejects.toMatchObject(failed);
  expect(server.requests.splice(0)).toEqual(['none', 'keyboard-interactive']);
  expect(asked.length).toBe(1);
});

test('prompts are passed to the operator, sanitized, and one after another', async () => {
  await using server = await startAuthServer((request) => {
    if (request.method !== 'keyboard-interactive') return request.reject(['keyboard-interactive']);
    request.prompt([{ prompt: 'Password: ', echo: false }], () =>
      request.prompt(
        [
          { prompt: '\u001b[31mVerification code:\r\n ', echo: true },
          { prompt: 'PIN', echo: false },
        ],
        'Second step',
        (answers) => (answers?.join() === '123,456' ? request.accept() : request.reject(['keyboard-interactive'])),
      ),
    );
  });
  const { ask, asked } = promptWith('secret', '123', '456');
  const { name, address, port } = server.target();
  const who = `${name} (${address}:${port})`;
  await enter(server.target(), ask);
  expect(asked).toEqual<Question[]>([
    { kind: 'password', what: `${who}: password of ops`, quoted: ['Password:'], echo: false },
    { kind: 'challenge', what: `${who}: answer for ops`, quoted: ['Second step', 'Verification code:'], echo: true },
    { kind: 'challenge', what: `${who}: answer for ops`, quoted: ['PIN'], echo: false },
  ]);
  await expect(enter(server.target({ password: Secret.of('secret') }))).rejects.toMatchObject({
    message: expect.stringContaining('the server prompts "Verification code:", and there is no terminal'),
  });
});

describe('a failed login reports the methods of the server, and what to do', () => {
  interface Row {
    readonly what: string;
    readonly offers: readonly string[];
    /** The prompts of the server by keyboard-interactive, before it refuses. */
    readonly prompt?: string;
    /** The server accepts the password, and requires this besides. */
    readonly besides?: readonly string[];
    readonly key?: false;
    readonly password?: false;
    readonly says: RegExp;
    readonly hint: RegExp;
  }
  const ELSEWHERE = ['gssapi-with-mic', 'hostbased'];
  const NO_WAY = /^allow a key or a password .*PubkeyAuthentication.*: gssapi-with-mic, hostbased cannot be used here$/;
  const CODE = 'Verification code:';
  const rows: readonly Row[] = [
    {
      what: 'neither a key nor a password',
      offers: ELSEWHERE,
      says: /wants none of: key .* \(SHA256:.*\); the password; it would still take: gssapi-with-mic, hostbased/,
      hint: NO_WAY,
    },
    {
      what: 'no password, and there is no key',
      offers: ELSEWHERE,
      key: false,
      says: /wants none of: the password; it would still take: gssapi-with-mic, hostbased/,
      hint: NO_WAY,
    },
    {
      what: 'nothing, and there is nothing',
      offers: ELSEWHERE,
      key: false,
      password: false,
      says: /there is nothing to offer to ops@.*; it would still take: gssapi-with-mic, hostbased/,
      hint: NO_WAY,
    },
    {
      what: 'nothing at all',
      offers: [],
      says: /wants none of: key .*; the password/,
      hint: /^allow a key or a password .*AuthenticationMethods\)$/,
    },
    {
      what: 'more than the password',
      offers: ['password'],
      besides: ELSEWHERE,
      says: /wants more than it was given; it took the password; it would still take: gssapi-with-mic, hostbased/,
      hint: NO_WAY,
    },
    {
      what: 'a code, and the password is of no use',
      offers: ['keyboard-interactive'],
      prompt: CODE,
      says: /the server prompts "Verification code:", and there is no terminal/,
      hint: /^run on a terminal to answer "Verification code:"$/,
    },
    {
      what: 'a code, or another password',
      offers: ['keyboard-interactive', 'password'],
      prompt: CODE,
      says: /accepted none of: keyboard-interactive \(.*\); the password; it would still take/,
      hint: /^run on a terminal to answer "Verification code:", or correct the password$/,
    },
    {
      what: 'a code or a password, and none is given',
      offers: ['keyboard-interactive', 'password'],
      prompt: CODE,
      password: false,
      says: /there is no terminal/,
      hint: /^run on a terminal to answer "Verification code:", or pass --ask-pass or set ssh.password$/,
    },
    {
      what: 'the password by a prompt, and none is given',
      offers: ['keyboard-interactive'],
      prompt: 'Password:',
      password: false,
      says: /there is no terminal/,
      hint: /^pass --ask-pass or set ssh.password$/,
    },
    {
      what: 'prompts, and asks nothing',
      offers: ['keyboard-interactive'],
      says: /accepted none of: keyboard-interactive/,
      hint: /^read the log of its sshd/,
    },
  ];
  test.each(rows)('the server requires $what', async ({ offers, prompt, besides, key, password, says, hint }) => {
    // Its types have no method that it cannot serve.
    const methods = offers as readonly AuthenticationType[] as AuthenticationType[];
    await using server = await startAuthServer((request) => {
      if (request.method === 'keyboard-interactive' && prompt !== undefined)
        request.prompt([{ prompt, echo: false }], () => request.reject(methods));
      else if (request.method === 'password' && besides !== undefined)
        request.reject(besides as readonly AuthenticationType[] as AuthenticationType[], true);
      else request.reject(methods);
    });
    const target = server.target({
      identityFiles: key === false ? [] : [keyPair(join(server.directory, 'key'))],
      ...(password === false ? {} : { password: Secret.of('the one') }),
    });
    // With nothing at all to try, no server is contacted unless the operator can be asked.
    const ask = key === false && password === false ? promptWith().ask : undefined;
    await expect(enter(target, ask)).rejects.toMatchObject({
      code: 'CONNECT_AUTH_FAILED',
      message: expect.stringMatching(says),
      hint: expect.stringMatching(hint),
    });
  });
});

test('an expired password ends the attempt with the hint', async () => {
  await using server = await startAuthServer((request) => {
    if (request.method === 'password')
      request.requestChange('Choose another\u0007', () => request.reject(['password']));
    else request.reject(['password']);
  });
  await expect(enter(server.target({ password: Secret.of('old one') }))).rejects.toMatchObject({
    code: 'CONNECT_PASSWORD_EXPIRED',
    message: expect.stringContaining('Choose another'),
  });
});

test('a server that hangs up during a question is called again, without a second question', async () => {
  await using server = await startAuthServer((request) => {
    if (request.method === 'password' && request.password === 'slowly typed') request.accept();
    else request.reject(['password']);
  });
  let hangUp = (): void => {};
  const asked: string[] = [];
  const ask: Ask = async ({ what }) => {
    asked.push(what);
    hangUp();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return Secret.of('slowly typed');
  };
  hangUp = () => server.hangUp();
  await enter(server.target({ connectTimeoutMs: 5000 }), ask);
  expect(asked).toEqual([expect.stringMatching(/^gw-1 \(127\.0\.0\.1:\d+\): password of ops$/)]);
  expect(server.requests).toEqual(['none', 'none', 'password']);
});

test('the timeout stops during a question, and an interrupt ends the question', async () => {
  await using server = await startAuthServer((request) => {
    if (request.method === 'password' && request.password === 'slowly typed') request.accept();
    else request.reject(['password']);
  });
  const slowly: Ask = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return Secret.of('slowly typed');
  };
  await enter(server.target({ connectTimeoutMs: 1000 }), slowly);
  const stop = new AbortController();
  const never: Ask = () => {
    setTimeout(() => stop.abort(), 50);
    return new Promise(() => {});
  };
  await expect(enter(server.target(), never, stop.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
});
