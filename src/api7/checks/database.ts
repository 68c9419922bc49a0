import { z } from 'zod';
import { addressWithPort } from '../../core/base/address-text.ts';
import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { Secret } from '../../core/base/secret.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { PostgresLogin, PostgresView } from '../../core/host/postgres.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import { answersAt } from '../reaches.ts';
import { loginsOf } from './postgres-login.ts';

const secret = z.custom<Secret>((value) => value instanceof Secret);
const asked = {
  dsn: secret,
  /** PEM of the certificate authority, if the DSN names it by a path in the container. Default: read on the host. */
  ca: z.string().optional(),
};
const params = z.strictObject(asked);

interface Server {
  /** `db.example.com:5432`. */
  readonly name: string;
  /** `null`: it cannot be asked from this host. */
  readonly view: PostgresView | null;
  readonly error?: OrchError;
  /** Whether a server that cannot be asked listens; undefined if that is unknown too. */
  readonly listens?: boolean | undefined;
}

type Seen = { readonly host: string; readonly servers: readonly Server[] };

/** Asks each server of the DSN. The three gates below share one request per tick. */
async function look({ dsn, ca: given }: z.output<typeof params>, host: Reader): Promise<Seen> {
  const { logins, rootCertificate } = loginsOf(dsn) ?? { logins: [], rootCertificate: undefined };
  const verifies = logins[0]?.sslmode.startsWith('verify-') === true && rootCertificate !== undefined;
  const ca = given ?? (verifies ? await host.read(rootCertificate).catch(() => null) : undefined);
  const servers = logins.map(async (login): Promise<Server> => {
    const name = addressWithPort(login.address, login.port);
    // The authority is mounted from elsewhere: without it no password may be sent.
    if (ca === null) return { name, ...(await listening(login, host)) };
    try {
      const view = await host.postgres({ ...login, ...defined({ ca: ca?.toString() }) });
      return { name, view, ...(view === null ? await listening(login, host) : {}) };
    } catch (error) {
      if (error instanceof OrchError && error.code.startsWith('DATABASE_')) return { name, view: null, error };
      throw error;
    }
  });
  return { host: host.name, servers: await Promise.all(servers) };
}

async function listening({ address, port }: PostgresLogin, host: Reader): Promise<Pick<Server, 'view' | 'listens'>> {
  return { view: null, listens: await answersAt(`http://${addressWithPort(address, port)}`, host) };
}

const primaryOf = ({ servers }: Seen): PostgresView | undefined =>
  servers.flatMap(({ view }) => (view === null || view.standby ? [] : [view]))[0];

/** Nothing is known of any server, except perhaps that it listens. */
const notShown = ({ servers }: Seen): boolean =>
  servers.every(({ view, error }) => view === null && error === undefined);

/**
 * Gate, one reading: a server of the DSN responds to the host, accepts the login and takes writes. If the host forwards
 * no connections, a listening server is enough.
 *
 * @throws OrchError the server's refusal of the login; DATABASE_STANDBY
 */
export const databaseAccepts = defineGate<typeof params, Seen>({
  kind: 'databaseAccepts',
  params,
  look,
  met: (_p, seen) =>
    primaryOf(seen) !== undefined || (notShown(seen) && seen.servers.some(({ listens }) => listens !== false)),
  unmet(_p, { host, servers }) {
    const names = servers.map(({ name }) => name).join(', ');
    const standbys = servers.filter(({ view }) => view?.standby === true);
    const [first] = servers.flatMap(({ error }) => error ?? []);
    if (standbys.length > 0 && standbys.length === servers.length)
      return new OrchError('DATABASE_STANDBY', `PostgreSQL at ${names} is a standby: it takes no writes`, {
        hint: 'name the primary under api7.database, or promote this one: pg_ctl promote',
        host,
      });
    return (
      first ??
      new OrchError('DATABASE_UNREACHABLE', `PostgreSQL at ${names} does not listen, seen from ${host}`, {
        hint: 'check address and port under api7.database, listen_addresses of PostgreSQL, and the firewall',
        host,
      })
    );
  },
});

/** A server that takes writes, else any that responds. */
const answerOf = (seen: Seen): PostgresView | undefined =>
  primaryOf(seen) ?? seen.servers.flatMap(({ view }) => view ?? [])[0];

/** Why the servers' views are unknown. */
function unanswered({ host, servers }: Seen): OrchError {
  const [first] = servers.flatMap(({ error }) => error ?? []);
  const names = servers.map(({ name }) => name).join(', ');
  const why = `${host} forwards no connections, or sslrootcert is not there`;
  return (
    first ??
    new OrchError('DATABASE_NOT_SHOWN', `${why}: PostgreSQL at ${names} cannot be checked`, {
      hint: `set "AllowTcpForwarding local" in sshd_config of ${host}, or ask it there by psql`,
      host,
    })
  );
}

const versioned = z.strictObject({ ...asked, least: z.int() });

/** Gate, one reading: PostgreSQL has at least the major version that the vendor requires. It only warns. */
export const databaseVersion = defineGate<typeof versioned, Seen>({
  kind: 'databaseVersion',
  params: versioned,
  onTimeout: 'warn',
  look,
  met: ({ least }, seen) => (answerOf(seen)?.version ?? 0) >= least * 10_000,
  unmet({ least }, seen) {
    const view = answerOf(seen);
    if (view === undefined) return unanswered(seen);
    const own = `${Math.floor(view.version / 10_000)}.${view.version % 10_000}`;
    return new OrchError('DATABASE_TOO_OLD', `PostgreSQL ${own} is older than ${least}`, {
      hint: `upgrade PostgreSQL to ${least} (pg_upgrade); the vendor tests with that version`,
    });
  },
});

const pooled = z.strictObject({ ...asked, pools: z.int().min(0), pooledBy: z.string() });

const roomIn = ({ maxConnections, reserved, usedByOthers }: PostgresView): number =>
  Math.max(0, maxConnections - reserved - usedByOthers);

/**
 * Gate, one reading: all connection pools of the control plane fit into PostgreSQL's limit. It only warns: pools fill
 * as they are used.
 */
export const databaseHasRoom = defineGate<typeof pooled, Seen>({
  kind: 'databaseHasRoom',
  params: pooled,
  onTimeout: 'warn',
  look,
  met({ pools }, seen) {
    const view = answerOf(seen);
    return view !== undefined && roomIn(view) >= pools;
  },
  unmet({ pools, pooledBy }, seen) {
    const view = answerOf(seen);
    if (view === undefined) return unanswered(seen);
    const { maxConnections, reserved, usedByOthers } = view;
    return new OrchError(
      'DATABASE_CONNECTIONS',
      `PostgreSQL has room for ${roomIn(view)} connections, the pools may open ${pools} (${pooledBy}): max_connections ${maxConnections}, ${reserved} reserved, ${usedByOthers} used by others`,
      {
        hint: `set max_connections to ${pools + reserved + usedByOthers} or more and restart PostgreSQL; or lower database.max_open_conns under api7.config`,
      },
    );
  },
});
