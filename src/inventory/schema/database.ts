import { DEFAULTS } from './defaults.ts';
import { databaseServerCheck, dsnCheck, encodable } from './dsn.ts';
import { block, choice, list, otherwise, port, secret, text } from './fields.ts';
import { addressCheck, pemCheck } from './formats.ts';

export const database = block(
  {
    dsn: secret(
      'Connection URI of PostgreSQL, with one host or several: `host1:5432,host2:5432`. Excludes all the other fields.',
      dsnCheck,
    ).optional(),
    host: text('Host of PostgreSQL, as the control-plane hosts reach it.', addressCheck).optional(),
    hosts: list(
      'Several hosts in place of `host`, tried in this order, each `host` or `host:port`.',
      text('One host.', databaseServerCheck),
    ).optional(),
    port: otherwise(port('Port of PostgreSQL, of hosts without one of their own.'), DEFAULTS.databasePort),
    name: otherwise(text('Name of the database.', encodable), DEFAULTS.databaseName),
    user: text('User of the database.', encodable).optional(),
    password: secret('Password of that user, any characters.', encodable).optional(),
    target_session_attrs: otherwise(
      choice('Which of several hosts will do, as libpq names it: all of them, or one that accepts writes.', [
        'any',
        'read-write',
        'primary',
      ]),
      `\`${DEFAULTS.databaseTarget}\` with several \`hosts\``,
    ),
    sslmode: otherwise(
      choice('TLS towards the database, as libpq names it.', [
        'disable',
        'allow',
        'prefer',
        'require',
        'verify-ca',
        'verify-full',
      ]),
      "the client's own, with `sslrootcert` `verify-full`",
    ),
    sslrootcert: text(
      'Certificate authority of the database, PEM; copied to the control-plane hosts and mounted into both services.',
      pemCheck('CERTIFICATE'),
    ).optional(),
  },
  'PostgreSQL of the control plane: either `dsn`, or `host` or `hosts`, `user` and `password`.',
);
