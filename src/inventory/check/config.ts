import { PORTS } from '../ports.ts';
import type { Path, Problem } from '../problem.ts';
import { gatewayListeners } from './gateway-listeners.ts';
import { fieldsOf, isBlock } from './loose.ts';
import { mustBe, problemAt } from './must-be.ts';

type Fields = ReadonlyMap<string, unknown>;

/** Blocks that api7-orch writes settings of its own into. */
const BLOCKS: readonly Path[] = [
  ['gateway', 'apisix'],
  ['gateway', 'apisix', 'status'],
  ['gateway', 'apisix', 'ssl'],
  ['gateway', 'nginx_config'],
  ['dashboard', 'server'],
  ['dashboard', 'server', 'listen'],
  ['dashboard', 'database'],
  ['dp_manager', 'server'],
  ['dp_manager', 'server', 'listen'],
  ['dp_manager', 'database'],
];

/**
 * `api7.config`: what would replace a block of api7-orch's own settings by nothing, and listeners elsewhere than where
 * ports are published, checked and balanced.
 */
export function checkConfig(file: Fields): readonly Problem[] {
  const path = ['api7', 'config'];
  const config = fieldsOf(fieldsOf(file.get('api7')).get('config'));
  const listens = [...fieldsOf(file.get('load_balancers')).values()].map((pool) => Number(fieldsOf(pool).get('port')));
  return [
    ...[...config].flatMap(([name, value]) => (isBlock(value) ? nulls(value, [...path, name]) : [])),
    ...BLOCKS.flatMap((block) => notABlock(config, block)),
    ...gatewayListeners(fieldsOf(config.get('gateway')), listens),
    ...serverListeners('dashboard', fieldsOf(config.get('dashboard'))),
    ...serverListeners('dp_manager', fieldsOf(config.get('dp_manager'))),
  ];
}

/** An empty block would take the place of the one below it: defaults of the product, settings of api7-orch. */
function nulls(value: unknown, path: Path): readonly Problem[] {
  if (value === null)
    return [problemAt(path, 'nothing is given; write a value, or {} to keep what holds by default, or remove the key')];
  if (Array.isArray(value)) return value.flatMap((item, index) => nulls(item, [...path, index]));
  if (!isBlock(value)) return [];
  return [...value].flatMap(([key, field]) => nulls(field, [...path, key]));
}

function notABlock(config: Fields, path: Path): readonly Problem[] {
  const value = path.reduce<unknown>((above, key) => fieldsOf(above).get(String(key)), config);
  if (value === undefined || value === null || isBlock(value)) return [];
  return [problemAt(['api7', 'config', ...path], 'expected a block of keys')];
}

/** The dashboard and DP Manager are configured alike. */
function serverListeners(service: 'dashboard' | 'dp_manager', config: Fields): readonly Problem[] {
  const port = service === 'dashboard' ? PORTS.dashboard : PORTS.dpManager;
  const path = ['api7', 'config', service, 'server'];
  const server = fieldsOf(config.get('server'));
  const listen = fieldsOf(server.get('listen'));
  const tls = fieldsOf(server.get('tls'));
  const problems: Problem[] = [...mustBe(listen, [...path, 'listen'], { port, address: 'host', bind: service })];
  if (listen.get('disable') === true)
    problems.push(
      problemAt([...path, 'listen', 'disable'], `must not be true: port ${port} is published, checked and balanced`),
    );
  if (tls.size > 0 && tls.get('disable') !== true)
    problems.push({
      path: [...path, 'tls'],
      at: 'key',
      message: 'its port is not published on the host; end TLS at the load balancer, and write tls: { disable: true }',
    });
  for (const other of ['status', 'pprof'])
    if (fieldsOf(server.get(other)).get('port') === port)
      problems.push(problemAt([...path, other, 'port'], `port ${port} is that of server.listen`));
  return problems;
}
