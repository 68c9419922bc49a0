import { isIP } from 'node:net';
import { nginxTime } from '../../core/base/nginx-time.ts';
import type { PatternNames } from '../pattern.ts';
import type { Problem } from '../problem.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import { checkDatabase } from './database.ts';
import type { Fields, FileGroup } from './file-groups.ts';
import { fieldsOf, listOf, textOf, valueIn } from './loose.ts';
import { checkPrometheus } from './prometheus.ts';

/** Alternatives: exactly one must be given, and completely. */
export function checkApi7(file: ReadonlyMap<string, unknown>): readonly Problem[] {
  const api7 = fieldsOf(file.get('api7'));
  const problems: Problem[] = [];
  const at = (keys: readonly string[], message: string) =>
    problems.push({ path: ['api7', ...keys], at: 'key', message });

  if (api7.has('package') && api7.has('registry'))
    at(['registry'], 'package and registry are both given; images come either from an archive or from a registry');

  const nginx = fieldsOf(valueIn(api7, ['config', 'gateway', 'nginx_config']));
  const shutdown = nginx.get('worker_shutdown_timeout');
  // An empty value is reported separately.
  if (shutdown !== undefined && shutdown !== null && shutdown !== '' && nginxTime(String(shutdown)) === undefined)
    problems.push({
      path: ['api7', 'config', 'gateway', 'nginx_config', 'worker_shutdown_timeout'],
      at: 'value',
      message: 'not a time of nginx; write for example 240s, or 0 for no limit',
    });

  problems.push(...checkDatabase(api7.get('database')), ...checkPrometheus(api7.get('prometheus')));

  return problems;
}

/** Docker publishes ports on IP addresses only, so a host that binds `{address}` needs an IP address. */
export function checkBind(file: Fields, groups: readonly FileGroup[], names: PatternNames): readonly Problem[] {
  const shared = fieldsOf(valueIn(file, ['api7', 'bind']));
  const hosts = fieldsOf(file.get('hosts'));
  const problems = new Map<string, Problem>();
  const check = (name: string, ports: readonly string[], bind: Fields, key: string): void => {
    const port = ports.find((one) => {
      const byDefault = EVERYWHERE.includes(one) ? DEFAULTS.bindEverywhere : DEFAULTS.bindInside;
      return (bind.has(one) ? listOf(bind.get(one)) : byDefault).some((address) => address === '{address}');
    });
    const address = textOf(fieldsOf(hosts.get(name)).get('address'));
    if (port === undefined || address === undefined || isIP(address) !== 0) return;
    problems.set(name, {
      path: ['hosts', name, 'address'],
      at: 'value',
      message: `must be an IP address, for the port "${port}" is published on it; keep a name in ssh_address, or set ${key}.${port}`,
    });
  };
  for (const name of names.groups.get('control_plane') ?? [])
    check(name, ['dashboard', 'dp_manager', 'dashboard_https', 'dp_manager_https'], shared, 'api7.bind');
  for (const { hosts: gateways, own, path } of groups) {
    const bind = fieldsOf(own.get('bind'));
    const key = bind.size === 0 ? 'api7.bind' : [...path, 'bind'].join('.');
    for (const name of gateways)
      check(name, ['status', ...EVERYWHERE], new Map([...shared, ...(path[0] === 'api7' ? [] : bind)]), key);
  }
  return [...problems.values()];
}

const EVERYWHERE: readonly string[] = ['http', 'https', 'streams'];
