import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { composeDsn, dsnCheck, encodable } from '../../../src/inventory/schema/dsn.ts';

const text = fc.string({ unit: 'binary', minLength: 1 }).filter((value) => encodable(value) === undefined);
const nasty = fc.constantFrom('p@ss:/#%', 'a?b&c=d', '%41', ' ', '\n', '\'"`\\$(x)', 'ü漢😀', '[::1]', '..', '\u0001');

test('any user, password and database name come back unchanged from the URI', () => {
  fc.assert(
    fc.property(
      fc.oneof(text, nasty),
      fc.oneof(text, nasty),
      fc.oneof(text, nasty).filter((name) => name !== '.' && name !== '..'),
      fc.constantFrom('db', 'db.internal', '10.0.0.5', 'fd00::5'),
      fc.integer({ min: 1, max: 65_535 }),
      fc.constantFrom(undefined, 'require', 'verify-full'),
      (user, password, name, host, port, sslmode) => {
        const dsn = composeDsn({ servers: [{ host, port }], name, user, password: Secret.of(password), sslmode });
        expect(`${dsn}`).toBe('***');
        const url = new URL(dsn.reveal());
        expect(decodeURIComponent(url.username)).toBe(user);
        expect(decodeURIComponent(url.password)).toBe(password);
        expect(decodeURIComponent(url.pathname)).toBe(`/${name}`);
        expect([url.hostname.replace(/^\[(.*)\]$/, '$1'), url.port]).toEqual([host, `${port}`]);
        expect(url.searchParams.get('sslmode') ?? undefined).toBe(sslmode);
        expect(url.hash).toBe('');
        // A password of fewer characters cannot be masked in output.
        if (password.length >= 4) expect(dsnCheck(dsn.reveal())).toBeUndefined();
      },
    ),
  );
});

test.each([
  'postgres://api7ee:p%40ss@db:5432/api7ee?sslmode=require',
  'postgresql://api7ee@[fd00::5]/api7ee',
  'postgres://api7ee:p%40ss@pg-1:5432,pg-2:5433/api7ee?target_session_attrs=read-write',
  'postgres://api7ee:a,b,c@pg-1,pg-2,[fd00::5]/api7ee',
  "postgres://api7ee:it's-(fine)!*~@db/api7ee",
])('a DSN as libpq has it is accepted: %s', (dsn) => {
  expect(dsnCheck(dsn)).toBeUndefined();
});

test.each(['\0', 'a\ud800'])('characters that no URI carries are refused: %j', (value) => {
  expect(encodable(value)).toMatch(/cannot carry/);
});
