import { PORTS } from '../ports.ts';
import type { Path, Problem } from '../problem.ts';
import type { Fields, FileGroup } from './file-groups.ts';
import { gatewayListeners } from './gateway-listeners.ts';
import { fieldsOf, isBlock, listOf, valueIn } from './loose.ts';
import { mustBe, problemAt } from './must-be.ts';

/** Blocks that api7-orch writes its own settings into. */
const BLOCKS: readonly Path[] = [
  ['gateway', 'apisix'],
  ['gateway', 'apisix', 'status'],
  ['gateway', 'apisix', 'ssl'],
  ['gateway', 'nginx_config'],
  ['dashboard', 'server'],
  ['dashboard', 'server', 'listen'],
  ['dashboard', 'database'],
  ['dashboard', 'prometheus'],
  ['dp_manager', 'server'],
  ['dp_manager', 'server', 'listen'],
  ['dp_manager', 'database'],
  ['dp_manager', 'prometheus'],
];

/**
 * `api7.config`: refuses empty values that would replace a block of api7-orch's own settings, and listeners other than
 * the published, checked and balanced ports.
 */
export function checkConfig(file: Fields, groups: readonly FileGroup[]): readonly Problem[] {
  const api7 = fieldsOf(file.get('api7'));
  const config = fieldsOf(api7.get('config'));
  const pools = [...fieldsOf(file.get('load_balancers')).values()].map((pool) => Number(fieldsOf(pool).get('port')));
  return [
    ...[...config].flatMap(([name, value]) => (isBlock(value) ? nulls(value, [...CONFIG, name]) : [])),
    ...BLOCKS.flatMap((block) => notABlock(config, CONFIG, block)),
    ...groups.flatMap((group) => gatewayConfigs(config, group, pools)),
    ...serverListeners('dashboard', api7),
    ...serverListeners('dp_manager', api7),
  ];
}

const CONFIG: Path = ['api7', 'config'];

/** A group's gateway configuration: the shared part and the group's own. */
function gatewayConfigs(config: Fields, group: FileGroup, pools: readonly number[]): readonly Problem[] {
  const streams = (protocol: 'tcp' | 'udp') => listOf(group.setting('ports', protocol)?.value).map(Number);
  const expected = {
    httpsPort: Number(group.setting('ports', 'https')?.value ?? PORTS.gateway.https),
    streams: { tcp: streams('tcp'), udp: streams('udp') },
    pools,
  };
  const shared = gatewayListeners([...CONFIG, 'gateway'], fieldsOf(config.get('gateway')), expected);
  if (group.path[0] === 'api7') return shared;
  const path = [...group.path, 'config'];
  const own = group.own.get('config');
  const gateway: Fields = new Map([['gateway', own]]);
  return [
    ...shared,
    ...(isBlock(own) ? nulls(own, path) : []),
    ...BLOCKS.filter(([name]) => name === 'gateway').flatMap((block) => notABlock(gateway, path, block, 1)),
    ...gatewayListeners(path, fieldsOf(own), expected),
  ];
}

/** An empty block would replace the one below it: the product's defaults, or api7-orch's settings. */
function nulls(value: unknown, path: Path): readonly Problem[] {
  if (value === null)
    return [problemAt(path, 'nothing is given; write a value, or {} to keep what holds by default, or remove the key')];
  if (Array.isArray(value)) return value.flatMap((item, index) => nulls(item, [...path, index]));
  if (!isBlock(value)) return [];
  return [...value].flatMap(([key, field]) => nulls(field, [...path, key]));
}

/** `at`: position of the block's name in the file, without its first `skip` words. */
function notABlock(config: Fields, at: Path, path: Path, skip = 0): readonly Problem[] {
  const value = valueIn(config, path);
  if (value === undefined || value === null || isBlock(value)) return [];
  return [problemAt([...at, ...path.slice(skip)], 'expected a block of keys')];
}

/** The dashboard and DP Manager have the same configuration form. */
function serverListeners(service: 'dashboard' | 'dp_manager', api7: Fields): readonly Problem[] {
  const { http, https } = service === 'dashboard' ? PORTS.dashboard : PORTS.dpManager;
  const path = [...CONFIG, service, 'server'];
  const server = fieldsOf(valueIn(api7, ['config', service, 'server']));
  const listen = fieldsOf(server.get('listen'));
  const tls = fieldsOf(server.get('tls'));
  const publishesTls = fieldsOf(valueIn(api7, [service, 'ports'])).has('https');
  const problems: Problem[] = [...mustBe(listen, [...path, 'listen'], { port: http, address: 'host', bind: service })];
  if (listen.get('disable') === true)
    problems.push(
      problemAt([...path, 'listen', 'disable'], `must not be true: port ${http} is published, checked and balanced`),
    );
  if (publishesTls)
    problems.push(...mustBe(tls, [...path, 'tls'], { port: https, address: 'host', bind: `${service}_https` }));
  if (publishesTls && tls.get('disable') === true)
    problems.push(problemAt([...path, 'tls', 'disable'], `must not be true: api7.${service}.ports.https publishes it`));
  if (!publishesTls && tls.size > 0 && tls.get('disable') !== true)
    problems.push({
      path: [...path, 'tls'],
      at: 'key',
      message: `its port is not published on the host; set api7.${service}.ports.https, or write tls: { disable: true }`,
    });
  const taken: readonly number[] = [http, ...(publishesTls ? [https] : [])];
  for (const other of ['status', 'pprof'])
    if (taken.includes(Number(fieldsOf(server.get(other)).get('port'))))
      problems.push(
        problemAt(
          [...path, other, 'port'],
          `port ${String(fieldsOf(server.get(other)).get('port'))} is that of server.listen`,
        ),
      );
  return problems;
}
