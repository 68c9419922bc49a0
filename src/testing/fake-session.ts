import { OrchError } from '../core/base/errors.ts';
import type { Connection } from '../core/host/connection.ts';
import { HOST_WRITES } from '../core/host/host-writes.ts';
import type { HostLock } from '../core/host/lock.ts';
import type { FakeLock } from './fake-lock.ts';

const isScript = (name: string): boolean => Reflect.get(HOST_WRITES, name) === 'script';

/** A fake host for a run that holds its lock: the token is checked right before each write. */
export const underToken = (host: Connection, lock: FakeLock, token: string): Connection =>
  new Proxy(host, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...words: unknown[]) => {
        if (isScript(String(name))) lock.check(token);
        return await value.apply(target, words);
      };
    },
  });

/** A separate connection to a fake host: once its session is ended, each request is lost. */
export function fakeSession(
  host: Connection,
  lock: FakeLock,
  lockOf: (session: ReturnType<FakeLock['newSession']>) => HostLock,
): Connection {
  const session = lock.newSession();
  const refuse = (): void => {
    if (lock.hasEnded(session))
      throw new OrchError('CONNECTION_LOST', 'the SSH connection is closed', { host: host.name, retryable: true });
  };
  const wrap = <T extends object>(target: T, own: Readonly<Record<string, unknown>> = {}): T =>
    new Proxy(target, {
      get(_, name) {
        const value: unknown = own[String(name)] ?? Reflect.get(target, name);
        if (name === 'docker') return wrap(value as object);
        if (typeof value !== 'function' || name === 'under') return value;
        return async (...words: unknown[]) => {
          refuse();
          const done: unknown = await value.apply(target, words);
          refuse();
          return done;
        };
      },
    });
  const connection: Connection = wrap<Connection>(host, {
    lock: wrap(lockOf(session)),
    under: (token: string) => underToken(connection, lock, token),
  });
  return connection;
}
