import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import { ByteSocket } from '../../../src/core/host/byte-socket.ts';
import type { PostgresLogin } from '../../../src/core/host/postgres.ts';
import { DialError, type DialRefusal } from '../../../src/transport/sockets/dialer.ts';
import { askPostgres } from '../../../src/transport/sockets/postgres.ts';

const LOGIN: PostgresLogin = {
  address: 'db',
  port: 5432,
  database: 'api7ee',
  user: 'api7ee',
  password: Secret.of('some-password'),
  sslmode: 'disable',
};

/** A server that acts on its side of each connection as soon as that is open. */
const serverThat = (act: (say: PassThrough, heard: PassThrough) => void) => ({
  tcp: async () => {
    const [readable, writable] = [new PassThrough(), new PassThrough()];
    const socket = new ByteSocket({ readable, writable, abandon: () => readable.destroy() });
    act(readable, writable);
    return socket;
  },
});

const refusing = (refusal: DialRefusal) => ({
  tcp: () => Promise.reject(new DialError(refusal, 'Connection refused')),
});

test('a host that forwards no connections is no error', async () => {
  expect(await askPostgres(refusing('prohibited'))(LOGIN)).toBeNull();
});

test.each<[string, Parameters<typeof askPostgres>[0], RegExp]>([
  ['is not there', refusing('refused'), /db:5432 does not respond: Connection refused/],
  ['never answers', serverThat(() => undefined), /no reply within 200ms/],
  ['hangs up at once', serverThat((say) => say.end()), /does not respond/],
  ['hangs up when asked', serverThat((say, heard) => heard.once('data', () => say.end())), /does not respond/],
  ['is something else', serverThat((say) => say.write('HTTP/1.1 400 Bad Request\r\n\r\n')), /does not respond/],
])('a server that %s is unreachable, and nothing hangs', async (_, dialer, message) => {
  for (const sslmode of ['disable', 'prefer', 'require'] as const)
    await expect(askPostgres(dialer, 200)({ ...LOGIN, sslmode })).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('api7.database'),
    });
});

test('a server that sends without end is cut off', async () => {
  const dialer = serverThat((say) => {
    // A message of the greatest length, in as many pieces as are accepted.
    const head = Buffer.from([0x52, 0x7f, 0xff, 0xff, 0xff]);
    say.write(head);
    const more = (): void => {
      while (!say.destroyed && say.write(Buffer.alloc(16 * 1024)));
      if (!say.destroyed) say.once('drain', more);
    };
    more();
  });
  await expect(askPostgres(dialer, 5000)(LOGIN)).rejects.toMatchObject({ code: 'REPLY_TOO_LARGE' });
});

test('a lost connection is reported as such, and equal questions of one tick are sent once', async () => {
  let dials = 0;
  const lost = {
    tcp: () => {
      dials++;
      return Promise.reject(new OrchError('CONNECTION_LOST', 'gone'));
    },
  };
  const ask = askPostgres(lost);
  const asked = await Promise.allSettled([ask(LOGIN), ask({ ...LOGIN }), ask({ ...LOGIN, port: 5433 })]);
  expect(asked).toEqual(
    asked.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'CONNECTION_LOST' }) })),
  );
  expect(dials).toBe(2);
});
