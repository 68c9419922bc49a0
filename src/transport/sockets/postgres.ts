import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { Client } from 'pg';
import { z } from 'zod';
import { defined } from '../../core/base/data.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import { sharePerTick } from '../../core/base/share-per-tick.ts';
import { Collector } from '../../core/bounds/collector.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import { ByteSocket } from '../../core/host/byte-socket.ts';
import type { PostgresLogin, PostgresView, SslMode } from '../../core/host/postgres.ts';
import { DialError, type Dialer } from './dialer.ts';
import { inTime } from './in-time.ts';
import { explainRefusal, isWithoutTls, notEncrypted } from './postgres-errors.ts';

const LIMIT_MS = 8000;

/** Connections of background processes have no database and do not count. */
const QUESTION = `select current_setting('server_version_num')::int as version,
  current_setting('max_connections')::int as max,
  current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int as reserved,
  pg_is_in_recovery() as standby,
  (select count(*) from pg_stat_activity
    where datid is not null and (datname, usename) is distinct from (current_database(), current_user))::int as others`;

const whole = z.int().min(0);
const answer = z.object({ version: whole, max: whole, reserved: whole, standby: z.boolean(), others: whole });

/** Identical requests of one tick are sent once. `limitMs` is for tests. */
export function askPostgres(
  dialer: Pick<Dialer, 'tcp'>,
  limitMs: number = LIMIT_MS,
): (login: PostgresLogin) => Promise<PostgresView | null> {
  const shared = sharePerTick<PostgresView | null>();
  return (login) => {
    const { password, ...rest } = login;
    return shared(JSON.stringify([rest, password.reveal()]), () => ask(dialer, login, limitMs));
  };
}

/** One connection, or two if the mode allows both with and without TLS. */
async function ask(dialer: Pick<Dialer, 'tcp'>, login: PostgresLogin, limitMs: number): Promise<PostgresView | null> {
  const [first, second] = tlsOptions(login);
  const deadline = AbortSignal.timeout(limitMs);
  try {
    try {
      return await connectAndAsk(dialer, login, first, deadline);
    } catch (error) {
      const mayDiffer = first === false ? notEncrypted(error) : isWithoutTls(error);
      if (second === undefined || !mayDiffer) throw error;
      return await connectAndAsk(dialer, login, second, deadline);
    }
  } catch (error) {
    if (error instanceof DialError && error.refusal === 'prohibited') return null;
    if (error instanceof OrchError) throw error;
    throw explainRefusal(login, deadline.aborted ? new Error(`no reply within ${formatDuration(limitMs)}`) : error);
  }
}

type Tls = ConnectionOptions | false;

/** The attempts, in this order. As in libpq, only the verifying modes check the certificate. */
function tlsOptions({ sslmode, ca }: PostgresLogin): readonly [Tls, Tls?] {
  const unverified: Tls = { rejectUnauthorized: false };
  const verified: ConnectionOptions = { rejectUnauthorized: true, ...defined({ ca }) };
  const tried: Readonly<Record<SslMode, readonly [Tls, Tls?]>> = {
    disable: [false],
    allow: [false, unverified],
    prefer: [unverified, false],
    require: [unverified],
    'verify-ca': [{ ...verified, checkServerIdentity: () => undefined }],
    'verify-full': [verified],
  };
  return tried[sslmode];
}

async function connectAndAsk(
  dialer: Pick<Dialer, 'tcp'>,
  login: PostgresLogin,
  ssl: Tls,
  deadline: AbortSignal,
): Promise<PostgresView> {
  const [dialled, { Client: PgClient }] = await Promise.all([
    inTime(dialer.tcp(login.address, login.port), deadline),
    import('pg').then(({ default: pg }) => pg),
  ]);
  const socket = new DialledSocket(dialled);
  const client = new PgClient({
    stream: () => socket,
    ssl,
    host: login.address,
    port: login.port,
    user: login.user,
    password: login.password.reveal(),
    database: login.database,
    application_name: 'api7-orch check',
  });
  // The promises report errors; later ones are ignored.
  client.on('error', () => undefined);
  const stop = (): void => void socket.destroy(deadline.reason instanceof Error ? deadline.reason : undefined);
  deadline.addEventListener('abort', stop, { once: true });
  try {
    const view = await Promise.race([conversation(client), socket.failed]);
    await Promise.race([client.end(), socket.failed]).catch(() => undefined);
    return view;
  } finally {
    deadline.removeEventListener('abort', stop);
    socket.destroy();
  }
}

async function conversation(client: Client): Promise<PostgresView> {
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(QUESTION);
  const reply = answer.safeParse(rows[0]);
  if (!reply.success)
    throw new Error(`its reply is not understood: ${firstChars(reply.error.issues[0]?.message ?? '', 200)}`);
  const { version, max, reserved, standby, others } = reply.data;
  return { version, maxConnections: max, reserved, usedByOthers: others, standby };
}

/** A connected socket in the form that the PostgreSQL client expects, with limited input. */
class DialledSocket extends ByteSocket {
  /** Rejects when the connection fails. */
  readonly failed: Promise<never>;

  constructor(dialled: Duplex) {
    super({ readable: dialled, writable: dialled, abandon: () => void dialled.destroy() });
    const sent = new Collector(LIMITS.postgresReply);
    dialled.on('data', (piece: Buffer) => {
      try {
        sent.count(piece);
      } catch (error) {
        this.destroy(error instanceof Error ? error : undefined);
      }
    });
    this.failed = new Promise((_, reject) => {
      this.once('error', reject);
      this.once('close', () => reject(new Error('the connection was closed without a reply')));
    });
    this.failed.catch(() => undefined);
  }

  /** Reports its close with a delay: TLS closes the socket first, and then reports the rejected certificate. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    super._destroy(error, (reason) => setImmediate(done, reason));
  }

  connect(): this {
    setImmediate(() => this.emit('connect'));
    return this;
  }
}
