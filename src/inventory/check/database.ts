import type { Problem } from '../problem.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import { databaseServer } from '../schema/dsn.ts';
import { canonicalAddress } from '../schema/formats.ts';
import { fieldsOf, isBlock, textOf, textsOf } from './loose.ts';
import { problemAt } from './must-be.ts';

const FIELDS = ['host', 'hosts', 'port', 'name', 'user', 'password', 'target_session_attrs', 'sslmode', 'sslrootcert'];
const BLOCK = ['api7', 'database'];

/** `api7.database`: given in exactly one of two forms, completely, and each host once. */
export function checkDatabase(block: unknown): readonly Problem[] {
  const database = fieldsOf(block);
  const problems: Problem[] = [];
  const at = (keys: readonly string[], message: string) =>
    problems.push({ path: [...BLOCK, ...keys], at: 'key', message });
  const extra = FIELDS.filter((field) => database.has(field));
  const missing = ['host', 'user', 'password'].filter(
    (field) => !database.has(field) && !(field === 'host' && database.has('hosts')),
  );
  if (database.has('dsn') && extra[0] !== undefined)
    at([extra[0]], `the database is given both as dsn and by ${extra.join(', ')}; keep one of the two`);
  if (isBlock(block) && !database.has('dsn') && missing.length > 0)
    at(
      [],
      missing.length === 3
        ? 'the database is not given; write dsn, or host, user and password'
        : `the database needs ${missing.join(' and ')}, unless it is given as dsn`,
    );
  if (database.has('host') && database.has('hosts'))
    at(['hosts'], 'host and hosts are both given; keep one of the two');
  const sslmode = textOf(database.get('sslmode'));
  if (database.has('sslrootcert') && sslmode !== undefined && ['disable', 'allow', 'prefer'].includes(sslmode))
    at(['sslrootcert'], `has no effect with "sslmode: ${sslmode}"; write verify-full, or remove sslmode`);
  return [...problems, ...givenTwice(database)];
}

function givenTwice(database: ReadonlyMap<string, unknown>): readonly Problem[] {
  const given = database.get('port');
  const servers = textsOf(database.get('hosts')).map((entry) => {
    const { host, port } = databaseServer(entry, typeof given === 'number' ? given : DEFAULTS.databasePort);
    return `${canonicalAddress(host)} ${port}`;
  });
  return servers.flatMap((server, index) =>
    servers.indexOf(server) < index ? [problemAt([...BLOCK, 'hosts', index], 'this host is given twice')] : [],
  );
}
