import { controlPlaneGuard } from '../api7/control-plane-guard.ts';
import { gatewayEnv } from '../api7/gateway-env.ts';
import { hostPort, requestPorts } from '../api7/services.ts';
import type { RollingOptions } from '../core/play/rolling.ts';
import type { Steps } from '../core/task/task.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { Inventory, ManagedPool } from '../inventory/inventory.ts';
import { balancerSilent } from './gates/balancer-silent.ts';
import { controllerReaches } from './gates/controller-reaches.ts';
import { anotherUp } from './gates/pool-gates.ts';
import { holdsConnections, membersOf } from './held-connections.ts';
import type { NodeBalancing, PoolMember } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';

/** Usual client ports of a balancer. */
const DATA_PORTS = [80, 443];

/**
 * The dependency check: before a node is drained, and again right before its service is stopped. Pools with a confirmed
 * outage need no dependencies.
 */
export function* checkDependencies(
  context: TrafficContext,
  balancing: NodeBalancing,
  { fromInventory = false }: Pick<RollingOptions, 'fromInventory'> = {},
): Steps {
  const { inventory, mayEmpty } = context;
  for (const { pool, host } of balancing.without)
    yield balancerSilent({ balancer: host, ...frontOf(inventory, host, pool), reached: controllerReaches });
  for (const poolMember of balancing.poolMembers) {
    if (holdsConnections(poolMember) && poolMember.pool.members.length > 1 && !mayEmpty(poolMember.pool.name))
      yield takeover(inventory, poolMember);
  }
  const goesDown = balancing.poolMembers.some(({ pool }) => mayEmpty(pool.name));
  const gateway = balancing.services.find(({ name }) => name === 'gateway');
  if (gateway !== undefined && !goesDown) {
    const group = gatewayGroupOf(inventory, balancing.node);
    yield controlPlaneGuard({
      container: gateway.container,
      endpoints: group.endpoints,
      ...(fromInventory ? { env: gatewayEnv(group, { name: balancing.node }) } : {}),
      peers: peersOf(inventory, balancing),
    });
  }
}

const takeover = (inventory: Inventory, poolMember: PoolMember) =>
  anotherUp({
    balancer: poolMember.balancer,
    members: membersOf(inventory, poolMember),
    leaving: poolMember.member.node,
  }).delegate(poolMember.balancer.host);

/**
 * Ports on which clients reach a balancer: the declared ones, else the usual ports, the members' own, and those of the
 * gateways' endpoints.
 */
function frontOf({ hosts, gatewayGroups }: Inventory, name: string, { port: memberPort, dataPorts }: ManagedPool) {
  const address = hosts.get(name)?.address ?? name;
  if (dataPorts !== undefined) return { address, ports: [...dataPorts] };
  const endpointPorts = [...gatewayGroups.values()]
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => URL.canParse(endpoint))
    .map((endpoint) => new URL(endpoint))
    .filter(({ hostname, port }) => hostname === address && port !== '')
    .map(({ port }) => Number(port));
  return { address, ports: [...new Set([...DATA_PORTS, memberPort, ...endpointPorts])] };
}

/** The other gateways of a node's pools, with their status ports. */
function peersOf(inventory: Inventory, { node, services }: NodeBalancing) {
  const ports = services.filter(({ name }) => name === 'gateway').flatMap(requestPorts);
  const pools = [...inventory.loadBalancers.values()].filter(
    ({ port, members }) => members.includes(node) && port !== undefined && ports.includes(port),
  );
  const names = new Set(pools.flatMap(({ members }) => members));
  names.delete(node);
  return [...names].flatMap((name) => {
    const host = inventory.hosts.get(name);
    if (host === undefined) return [];
    return [{ name, address: host.address, port: hostPort(gatewayGroupOf(inventory, name).ports, 'status') }];
  });
}
