import { expect, test } from 'vitest';
import { loginsOf } from '../../../src/api7/checks/postgres-login.ts';
import { Secret } from '../../../src/core/base/secret.ts';

const reported = (dsn: string) => {
  const found = loginsOf(Secret.containing(dsn));
  return found?.logins.map(
    ({ address, port, user, password, database, sslmode }) =>
      `${user} ${password.reveal()} ${address} ${port} ${database} ${sslmode} ${found.rootCertificate ?? '-'}`,
  );
};

test.each<[string, readonly string[] | undefined]>([
  ['postgres://api7ee:p%40ss%2Fx@db/api7ee', ['api7ee p@ss/x db 5432 api7ee prefer -']],
  ['postgresql://a:bcd@[2001:db8::1]:6432/d?sslmode=require', ['a bcd 2001:db8::1 6432 d require -']],
  [
    'postgres://a:bcd@db-1,db-2:5433/d?sslmode=verify-full&sslrootcert=/certs/ca.pem&target_session_attrs=read-write',
    ['a bcd db-1 5432 d verify-full /certs/ca.pem', 'a bcd db-2 5433 d verify-full /certs/ca.pem'],
  ],
  ['postgres://a:bcd@db/d?sslmode=later', ['a bcd db 5432 d prefer -']],
  ['mysql://a:bcd@db/d', undefined],
])('%s', (dsn, expected) => {
  expect(reported(dsn)).toEqual(expected);
});
