import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { ContainerCreate, Docker } from '../../src/core/host/docker.ts';
import { dockerOver } from '../../src/docker/client.ts';
import { endless, rawEngine, sized } from './raw-engine.ts';

const failure = async (work: Promise<unknown>): Promise<OrchError> => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof OrchError)) throw new Error(`not refused as it should be: ${error}`);
  return error;
};

const HTML = '<html>\r\n<body>502 bad gateway\u001b[2J</body>';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const image = (id: string): string =>
  JSON.stringify({ Id: id, RepoTags: null, RepoDigests: null, Architecture: 'amd64' });

interface Hostile {
  readonly what: string;
  readonly answer: (socket: Socket) => void;
  /** Code and words of the error of a question, and of a pull. */
  readonly question: readonly [code: string, words: string];
  readonly pull: readonly [code: string, words: string];
}

const understood = (words: string): Pick<Hostile, 'question' | 'pull'> => ({
  question: ['DOCKER_FAILED', words],
  pull: ['IMAGE_PULL_FAILED', words],
});

const hangsUp = (words: string): Pick<Hostile, 'question' | 'pull'> => ({
  question: ['DOCKER_UNREACHABLE', words],
  pull: ['DOCKER_UNREACHABLE', words],
});

const rows: readonly Hostile[] = [
  {
    what: 'HTML with status 200',
    answer: (socket) => socket.write(sized(HTML)),
    ...understood('reply not understood: not JSON: <html>'),
  },
  {
    what: 'HTML with status 502, of a megabyte',
    answer: (socket) => socket.write(sized(HTML + ' x'.repeat(500_000), '502 Bad Gateway')),
    ...understood('<html> <body>502 bad gateway'),
  },
  {
    what: 'JSON that is cut short',
    answer: (socket) => socket.write(sized('{"Id":"sha256:1","RepoT')),
    ...understood('not JSON: {"Id":"sha256:1"'),
  },
  {
    what: 'JSON of another form',
    answer: (socket) => socket.write(sized('[1]')),
    ...understood('reply not understood'),
  },
  {
    what: 'an error in a form of its own',
    answer: (socket) => socket.write(sized('{"message":{"nested":true}}', '500 Oops')),
    ...understood('{"message":{"nested":true}} (status 500)'),
  },
  {
    what: 'another protocol',
    answer: (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
    ...understood('not HTTP: '),
  },
  {
    what: 'a status line that has no status',
    answer: (socket) => socket.write('HTTP/1.1 OK fine\r\n\r\n'),
    ...understood('not HTTP: '),
  },
  {
    what: 'a chunk of no size',
    answer: (socket) => socket.write(`${chunked}zz\r\n`),
    ...understood('not HTTP: '),
  },
  {
    what: 'a status line without end',
    answer: (socket) => endless(socket, `HTTP/1.1 200 ${'x'.repeat(65_536)}`),
    ...understood('reply not understood: '),
  },
  {
    what: 'a header without end',
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      endless(socket, `X-Endless: ${'x'.repeat(1024)}\r\n`);
    },
    ...understood('its header is too long'),
  },
  {
    what: 'announcements of an answer without end',
    answer: (socket) => endless(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
    ...understood('without a response'),
  },
  {
    what: 'a chunk extension without end',
    answer: (socket) => {
      socket.write(`${chunked}1`);
      endless(socket, `;${'x'.repeat(65_536)}`);
    },
    ...understood('without a response'),
  },
  {
    what: 'a line without end',
    answer: (socket) => {
      socket.write(chunked);
      endless(socket, `10000\r\n${'x'.repeat(65_536)}\r\n`);
    },
    ...understood('longer than '),
  },
  {
    what: 'an end in the middle of a chunk',
    answer: (socket) => socket.end(`${chunked}10\r\n{"Id`),
    ...hangsUp('hung up'),
  },
  {
    what: 'an end in the middle of a body',
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Id'),
    ...hangsUp('hung up'),
  },
  {
    what: 'an end in the middle of a body, on a connection that was to end',
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{"Id'),
    ...hangsUp('hung up'),
  },
  {
    what: 'an end in the middle of a header',
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
    ...hangsUp('hung up'),
  },
];

describe.each(rows)('$what', ({ answer, question, pull }) => {
  const refusedWith = async (
    ask: (docker: Docker) => Promise<unknown>,
    [code, words]: readonly [string, string],
  ): Promise<void> => {
    await using engine = await rawEngine((_, socket) => answer(socket));
    const docker = dockerOver(engine.dial);
    const error = await failure(ask(docker));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message.length).toBeLessThan(5000);
    docker.close();
  };

  test('fails a question', () => refusedWith((docker) => docker.image('a:1'), question));
  test('fails a pull', () => refusedWith((docker) => docker.pull('a:1'), pull));
});

const spec: ContainerCreate = { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } };
const VERSION = JSON.stringify({ ApiVersion: '1.47', MinAPIVersion: '1.24' });
const calls: readonly (readonly [string, (docker: Docker) => Promise<unknown>])[] = [
  ['container', (docker) => docker.container('web')],
  ['containers', (docker) => docker.containers()],
  ['info', (docker) => docker.info()],
  ['image', (docker) => docker.image('a:1')],
  ['pull', (docker) => docker.pull('a:1')],
  ['digestOf', (docker) => docker.digestOf('a:1')],
  ['create', (docker) => docker.create('web', spec)],
  ['start', (docker) => docker.start('web')],
  ['stop', (docker) => docker.stop('web', { signal: 'SIGTERM', timeoutSeconds: 1 })],
  ['signal', (docker) => docker.signal('web', 'SIGHUP')],
  ['wait', (docker) => docker.wait('web', 5)],
  ['remove', (docker) => docker.remove('web')],
  ['setRestartPolicy', (docker) => docker.setRestartPolicy('web', { Name: 'no' })],
  ['rename', (docker) => docker.rename('web', 'other')],
  ['tag', (docker) => docker.tag('sha256:1', 'a:1')],
];

describe.each([
  ['HTML with status 200', sized(HTML)],
  ['HTML with status 502', sized(HTML, '502 Bad Gateway')],
  ['JSON of another form', sized('[[[1]]]')],
  ['JSON of too many values', sized(`[${'{},'.repeat(600_000)}{}]`)],
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
])('%s', (_what, answer) => {
  test.each(calls)('is an error of that host for the call %s', async (_call, ask) => {
    await using engine = await rawEngine((request, socket) =>
      socket.write(request.includes('/version ') ? sized(VERSION) : answer),
    );
    const docker = dockerOver(engine.dial);
    const error = await failure(ask(docker));
    expect(['DOCKER_FAILED', 'IMAGE_PULL_FAILED', 'DOCKER_UNREACHABLE']).toContain(error.code);
    expect(error.hint).toBeDefined();
    docker.close();
  });
});

describe('replies one after the other', () => {
  const ids = async (docker: Docker, refs: readonly string[]): Promise<readonly (string | undefined)[]> =>
    Promise.all(
      refs.map((ref) =>
        docker.image(ref).then(
          (found) => found?.Id,
          (error: OrchError) => error.code,
        ),
      ),
    );
  const refOf = (request: string): string => /images\/(\w+)/.exec(request)?.[1] ?? '';

  test('of which one is an error: only that one fails, and one socket is enough', async () => {
    await using engine = await rawEngine((request, socket) => {
      const ref = refOf(request);
      if (ref === 'b') socket.write(sized('{"message":"no such image"}', '404 Not Found'));
      else if (ref === 'c') socket.write(sized(HTML, '502 Bad Gateway'));
      else if (ref === 'd') socket.write(sized(HTML));
      else socket.write(sized(image(ref)));
    });
    const docker = dockerOver(engine.dial);
    expect(await ids(docker, ['a', 'b', 'c', 'd', 'e'])).toEqual([
      'a',
      undefined,
      'DOCKER_FAILED',
      'DOCKER_FAILED',
      'e',
    ]);
    expect(engine.dials).toBe(1);
    docker.close();
  });

  test('in pieces of any size', async () => {
    const asked: string[] = [];
    await using engine = await rawEngine((request, socket) => {
      asked.push(refOf(request));
      if (asked.length < 3) return;
      const bytes = Buffer.from(
        asked
          .map((ref, at) =>
            at === 1
              ? `${chunked}1\r\n${image(ref)[0]}\r\n${(image(ref).length - 1).toString(16)};a=b\r\n${image(ref).slice(1)}\r\n0\r\nX-Sum: 1\r\n\r\n`
              : sized(image(ref)),
          )
          .join(''),
      );
      socket.setNoDelay(true);
      const next = (at: number): void => {
        if (at >= bytes.length) return;
        socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      next(0);
    });
    const docker = dockerOver(engine.dial);
    expect(await ids(docker, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    expect(engine.dials).toBe(1);
    docker.close();
  });

  test('that end halfway: questions without a reply are sent on another socket', async () => {
    const left = new Set(['b', 'c']);
    await using engine = await rawEngine((request, socket) => {
      const ref = refOf(request);
      // Each socket answers one question and ends halfway through the next reply.
      if (left.delete(ref)) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Id');
      else if (socket.writable) socket.write(sized(image(ref)));
    });
    const docker = dockerOver(engine.dial);
    expect(await ids(docker, ['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd']);
    expect(engine.dials).toBeLessThanOrEqual(3);
    docker.close();
  });

  test('more replies than questions end the socket, and nothing else', async () => {
    await using engine = await rawEngine((request, socket) => {
      socket.write(sized(image(refOf(request))) + sized(image('forged')));
    });
    const docker = dockerOver(engine.dial);
    for (const ref of ['a', 'b']) expect((await docker.image(ref))?.Id).toBe(ref);
    docker.close();
  });
});

test('four megabytes in chunks of one byte take time and memory in proportion', async () => {
  const MIB = 1024 * 1024;
  const spent = async (size: number): Promise<number> => {
    await using engine = await rawEngine((_, socket) => {
      const [head = '', tail = ''] = image('*').split('*');
      const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
      const many = Buffer.from('1\r\nx\r\n'.repeat(65_536));
      socket.write(chunked + chunk(head));
      for (let sent = 0; sent < size; sent += 65_536) socket.write(many);
      socket.write(`${chunk(tail)}0\r\n\r\n`);
    });
    const docker = dockerOver(engine.dial);
    const before = process.cpuUsage();
    expect((await docker.image('a'))?.Id).toHaveLength(size);
    const { user, system } = process.cpuUsage(before);
    docker.close();
    return (user + system) / 1000;
  };
  await spent(MIB / 2);
  const part = await spent(MIB / 2);
  const held = process.memoryUsage.rss();
  const whole = await spent(4 * MIB);
  expect(whole / part).toBeLessThan(24);
  expect(process.memoryUsage.rss() - held).toBeLessThan(300 * MIB);
});
