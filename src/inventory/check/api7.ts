import { isIP } from 'node:net';
import { nginxTime } from '../../core/base/nginx-time.ts';
import type { Problem } from '../problem.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import { fieldsOf, isBlock, listOf, textOf } from './loose.ts';

/** Choices between ways of saying one thing: exactly one must be taken, and taken wholly. */
export function checkApi7(file: ReadonlyMap<string, unknown>): readonly Problem[] {
  const api7 = fieldsOf(file.get('api7'));
  const problems: Problem[] = [];
  const at = (keys: readonly string[], message: string) =>
    problems.push({ path: ['api7', ...keys], at: 'key', message });

  if (api7.has('package') && api7.has('registry'))
    at(['registry'], 'package and registry are both given; images come either from an archive or from a registry');

  const nginx = fieldsOf(fieldsOf(fieldsOf(api7.get('config')).get('gateway')).get('nginx_config'));
  const shutdown = nginx.get('worker_shutdown_timeout');
  // An empty value could not be read; that is a problem of its own.
  if (shutdown !== undefined && shutdown !== null && shutdown !== '' && nginxTime(String(shutdown)) === undefined)
    problems.push({
      path: ['api7', 'config', 'gateway', 'nginx_config', 'worker_shutdown_timeout'],
      at: 'value',
      message: 'not a time of nginx; write for example 240s, or 0 for no limit',
    });

  const database = fieldsOf(api7.get('database'));
  const missing = ['host', 'user', 'password'].filter((field) => !database.has(field));
  const extra = ['host', 'port', 'name', 'user', 'password', 'sslmode'].filter((field) => database.has(field));
  if (database.has('dsn') && extra[0] !== undefined)
    at(['database', extra[0]], `the database is given both as dsn and by ${extra.join(', ')}; keep one of the two`);
  if (isBlock(api7.get('database')) && !database.has('dsn') && missing.length > 0)
    at(
      ['database'],
      missing.length === 3
        ? 'the database is not given; write dsn, or host, user and password'
        : `the database needs ${missing.join(' and ')}, unless it is given as dsn`,
    );

  const gateway = fieldsOf(api7.get('gateway'));
  const certificate = ['cert', 'key', 'ca'];
  const some = [...certificate, 'sni'].filter((field) => gateway.has(field));
  const lacking = certificate.filter((field) => !gateway.has(field));
  if (gateway.has('token') && some[0] !== undefined)
    at(['gateway', some[0]], `gateways are given both a token and ${some.join(', ')}; keep one of the two`);
  if (isBlock(api7.get('gateway')) && !gateway.has('token') && lacking.length > 0)
    at(
      ['gateway'],
      some.length === 0
        ? 'gateways need either a token, or cert, key and ca'
        : `a certificate also needs ${lacking.join(' and ')}`,
    );
  if (gateway.has('cert'))
    for (const [index, endpoint] of listOf(gateway.get('endpoints')).entries())
      if (typeof endpoint === 'string' && endpoint.startsWith('http:'))
        problems.push({
          path: ['api7', 'gateway', 'endpoints', index],
          at: 'value',
          message: 'a client certificate needs an https:// endpoint (DP Manager listens for it on 7943)',
        });
  return problems;
}

const SERVES: Readonly<Record<string, readonly string[]>> = {
  control_plane: ['dashboard', 'dp_manager'],
  data_plane: ['status', 'http', 'https'],
};

/** Docker publishes ports on IP addresses only, so a host bound at `{address}` cannot be known by a name alone. */
export function checkBind(
  file: ReadonlyMap<string, unknown>,
  groups: ReadonlyMap<string, readonly string[]>,
): readonly Problem[] {
  const bind = fieldsOf(fieldsOf(file.get('api7')).get('bind'));
  const bound = (port: string): boolean => {
    const byDefault = port === 'http' || port === 'https' ? DEFAULTS.bindEverywhere : DEFAULTS.bindInside;
    return (bind.has(port) ? listOf(bind.get(port)) : byDefault).some((address) => address === '{address}');
  };
  const hosts = fieldsOf(file.get('hosts'));
  const named = new Map<string, string>();
  for (const [role, ports] of Object.entries(SERVES))
    for (const name of groups.get(role) ?? []) {
      const port = ports.find(bound);
      const address = textOf(fieldsOf(hosts.get(name)).get('address'));
      if (port !== undefined && address !== undefined && isIP(address) === 0) named.set(name, port);
    }
  return [...named].map(([name, port]) => ({
    path: ['hosts', name, 'address'],
    at: 'value',
    message: `must be an IP address, for the port "${port}" is published on it; keep a name in ssh_address, or set api7.bind.${port}`,
  }));
}
