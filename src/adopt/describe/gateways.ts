import { gatewayConfig } from '../../api7/config.ts';
import { GATEWAY_VARIABLES } from '../../inventory/own-settings.ts';
import { gatewayPorts } from '../../inventory/resolve/ports.ts';
import { NAME } from '../../inventory/schema/names.ts';
import { type RefusalCode, refusal } from '../running/refusal.ts';
import { commonOf } from './common.ts';
import { configBlock } from './config-block.ts';
import { type Block, containerBlock } from './container-block.ts';
import type { LateRefusal, ServiceOn } from './described.ts';
import { loginBlock } from './login-block.ts';
import { portsBlock } from './ports-block.ts';

/** A gateway group as it runs. */
interface DescribedGroup {
  /** As the inventory is to call it. */
  readonly name: string;
  readonly hosts: readonly string[];
  /** Fields of `api7.gateway` or of the group, without `bind` and `config`. */
  readonly block: Block;
  readonly bind: Block;
  readonly config: Block;
}

export interface DescribedGateways {
  readonly groups: readonly DescribedGroup[];
  /** Logins that hosts have for themselves. */
  readonly logins: ReadonlyMap<string, Block>;
  readonly refusals: readonly LateRefusal[];
}

/** Settings that adoption changes, or adds with the value that is in force. */
const ASIDE = ['apisix.status', 'nginx_config.worker_shutdown_timeout'];

/** The gateways by the group of API7 that each of them joined. */
export function gateways(services: readonly ServiceOn[]): DescribedGateways {
  const each = services.map((service) => ({ ...service, ...described(service) }));
  const byGroup = Map.groupBy(each, ({ group }) => group);
  const groups = [...byGroup].map(([group, members], at) =>
    groupOf(NAME.test(group) ? group : `group-${at + 1}`, members),
  );
  return {
    groups: groups.map(({ group }) => group),
    logins: new Map(groups.flatMap(({ logins }) => logins)),
    refusals: [...each.flatMap(({ refusals }) => refusals), ...groups.flatMap(({ refusals }) => refusals)],
  };
}

function described({ host, address, found }: ServiceOn) {
  const { settings, config } = found;
  const { shared, own, problems } = loginBlock(settings);
  const { ports, bind } = portsBlock('gateway', settings.ports, config.content, address);
  const base = gatewayConfig({ ports: gatewayPorts(ports, {}), config: {} });
  const { config: rest, lacks } = configBlock(config.content, base, ASIDE);
  const late = (code: RefusalCode, what: string, hint: string): LateRefusal => ({
    host,
    service: 'gateway',
    refusal: refusal(code, `${found.container.name}: ${what}`, hint),
  });
  const byHand = 'start it as the dashboard generates it: with the variables API7_CONTROL_PLANE_…';
  return {
    group: typeof shared.group === 'string' ? shared.group : '',
    login: own,
    value: {
      block: {
        ...shared,
        ...(Object.keys(ports).length > 0 && { ports }),
        ...containerBlock(settings, GATEWAY_VARIABLES),
      },
      bind,
      config: withShutdown(rest, config.content),
    },
    refusals: [
      ...problems.map((problem) => late('SETTING', problem, byHand)),
      ...(config.content === undefined || lacks.length === 0
        ? []
        : [
            late(
              'CONFIG_DIFFERS',
              `its configuration lacks ${lacks.join(', ')}, which api7-orch writes`,
              'add it with the value that is in force',
            ),
          ]),
    ],
  };
}

/** Its own timeout is kept; without one, api7-orch writes the one that is in force. */
function withShutdown(config: Block, content: unknown): Block {
  const nginx = (content as { readonly nginx_config?: { readonly worker_shutdown_timeout?: unknown } } | undefined)
    ?.nginx_config;
  const timeout = nginx?.worker_shutdown_timeout;
  if (typeof timeout !== 'string' && typeof timeout !== 'number') return config;
  if (timeout === '240s') return config;
  return { ...config, nginx_config: { ...((config.nginx_config ?? {}) as Block), worker_shutdown_timeout: timeout } };
}

type Member = ServiceOn & ReturnType<typeof described>;

function groupOf(name: string, members: readonly Member[]) {
  const common = commonOf(members.map(({ host, value }) => ({ host, value })));
  const login = commonOf(members.map(({ host, login: value }) => ({ host, value })));
  if (common === undefined || login === undefined) throw new Error('a group without members');
  const { block, bind, config } = common.value;
  const group: DescribedGroup = {
    name,
    hosts: members.map(({ host }) => host),
    block: { ...block, ...login.value },
    bind,
    config,
  };
  const different = login.others.map(({ host }) => host);
  const refusals = common.others.map(
    ({ host, paths }): LateRefusal => ({
      host,
      service: 'gateway',
      refusal: refusal(
        'HOSTS_DIFFER',
        `${host}: its gateway differs from the others of group ${name} in ${paths.join(', ')}`,
        'make them alike, or give this host a gateway group of its own in API7',
      ),
    }),
  );
  return {
    group,
    logins: members
      .filter(({ host }) => different.includes(host))
      .map(({ host, login: own }): readonly [string, Block] => [host, own]),
    refusals,
  };
}
