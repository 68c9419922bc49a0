import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import type { PostgresLogin } from '../../../src/core/host/postgres.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { overSsh } from '../../contract/carriers.ts';
import { startPostgres, type TestPostgres } from '../../support/services/postgres.ts';

let server: TestPostgres;
let host: RawConnection;

const loginTo = ({ port, password }: TestPostgres, more: Partial<PostgresLogin> = {}): PostgresLogin => ({
  address: '127.0.0.1',
  port,
  database: 'postgres',
  user: 'api7ee',
  password: Secret.of(password),
  sslmode: 'prefer',
  ...more,
});

beforeAll(async () => {
  host = await connectLocal('here', { become: 'none' });
});
afterAll(() => host.close());

describe('a server without TLS', () => {
  beforeAll(async () => {
    server = await startPostgres({ settings: { max_connections: '40', superuser_reserved_connections: '4' } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('a login by SCRAM reports version and connections', async () => {
    const view = await host.postgres(loginTo(server));
    expect(view).toMatchObject({ maxConnections: 40, reserved: 4, usedByOthers: 0, standby: false });
    expect(Math.floor((view?.version ?? 0) / 10_000)).toBe(server.major);
  });

  test.each<[string, Partial<PostgresLogin>, string, RegExp]>([
    ['a wrong password', { password: Secret.of('another one') }, 'DATABASE_REFUSED', /password authentication failed/],
    ['a database that is not there', { database: 'api7ee' }, 'DATABASE_MISSING', /"api7ee" does not exist/],
    ['TLS that it does not have', { sslmode: 'require' }, 'DATABASE_REFUSED', /offers no TLS, and sslmode is require/],
    ['another port', { port: 1 }, 'DATABASE_UNREACHABLE', /127\.0\.0\.1:1 does not respond/],
  ])('%s is refused', async (_, more, code, message) => {
    const error = await host.postgres(loginTo(server, more)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.any(String),
      host: 'here',
    });
    expect(JSON.stringify(error)).not.toContain('another one');
  });

  test('over SSH it is the host that connects', async () => {
    await using over = await overSsh();
    expect(await over.host.postgres(loginTo(server))).toMatchObject({ maxConnections: 40 });
  });

  test('a host whose sshd forwards no connections cannot check it', async () => {
    await using over = await overSsh({ config: ['AllowTcpForwarding no'] });
    expect(await over.host.postgres(loginTo(server))).toBeNull();
  });
});

describe('a server with TLS', () => {
  let secure: TestPostgres;
  beforeAll(async () => {
    secure = await startPostgres({ tls: true });
  });
  afterAll(() => secure[Symbol.asyncDispose]());

  test('modes that verify need its authority, the others do not verify', async () => {
    const ca = { ca: secure.ca ?? '' };
    for (const sslmode of ['disable', 'allow', 'prefer', 'require'] as const)
      expect(await host.postgres(loginTo(secure, { sslmode }))).toMatchObject({ standby: false });
    for (const sslmode of ['verify-ca', 'verify-full'] as const) {
      expect(await host.postgres(loginTo(secure, { sslmode, ...ca }))).toMatchObject({ standby: false });
      await expect(host.postgres(loginTo(secure, { sslmode }))).rejects.toMatchObject({ code: 'DATABASE_CERTIFICATE' });
    }
    const other = { ...ca, address: 'localhost' };
    expect(await host.postgres(loginTo(secure, { sslmode: 'verify-ca', ...other }))).toMatchObject({ standby: false });
    await expect(host.postgres(loginTo(secure, { sslmode: 'verify-full', ...other }))).rejects.toMatchObject({
      code: 'DATABASE_CERTIFICATE',
      hint: expect.stringContaining('sslrootcert'),
    });
  });
});
