import { gatewayStopSeconds, STOP_SLACK_SECONDS } from '../api7/config.ts';
import { CONTROL_PLANE_STOP_SECONDS } from '../api7/services.ts';
import type { CheckTiming } from '../core/host/balancer.ts';
import type { Deadline, DeadlineChain } from '../core/play/rolling.ts';
import type { Inventory, ManagedPool } from '../inventory/inventory.ts';
import { deadlineChain } from '../rolling/deadlines.ts';
import type { NodeBalancing } from './pool-member.ts';

/** One balancer's health checks of a node. */
export interface Checked {
  readonly pool: ManagedPool;
  readonly balancer: string;
  readonly timing: CheckTiming;
}

const DECLARED = 'inventory';
const ASSUMED = 'assumed';

/** The time limits of a node, one chain for each of its pools, each limit with its source. */
export function nodeDeadlines(
  inventory: Inventory,
  balancing: Pick<NodeBalancing, 'node' | 'services'>,
  checked: readonly Checked[],
): DeadlineChain {
  const pools = [...new Set(checked.map(({ pool }) => pool))];
  const chains = pools.map((pool) =>
    deadlineChain({
      ...drainLimits(pool),
      ...stopLimits(inventory, balancing),
      others: checked.filter((one) => one.pool === pool).map(seesDown),
    }),
  );
  const links = chains.flatMap((chain) => chain.links).filter(({ ms }) => ms > 0);
  return { links, faults: chains.flatMap((chain) => chain.faults) };
}

function drainLimits({ name, longestRequestMs, drain, declared }: ManagedPool) {
  const longest = declared.longestRequest ? DECLARED : ASSUMED;
  return {
    longestRequest: { name: `longest_request, ${name}`, ms: longestRequestMs, source: longest },
    drainWithin: {
      name: `drain.within, ${name}`,
      ms: drain.withinMs,
      source: declared.within ? DECLARED : 'default (longest_request)',
    },
  };
}

function stopLimits(inventory: Inventory, { node, services }: Pick<NodeBalancing, 'node' | 'services'>) {
  const isGateway = services.some(({ name }) => name === 'gateway');
  const seconds = isGateway ? gatewayStopSeconds(inventory, { name: node }) : CONTROL_PLANE_STOP_SECONDS;
  const source = 'effective configuration';
  const workers = isGateway ? (seconds - STOP_SLACK_SECONDS) * 1000 : 0;
  return {
    workerShutdown: { name: 'worker_shutdown_timeout', ms: workers, source },
    stopTimeout: {
      name: 'stop timeout',
      ms: seconds * 1000,
      source: isGateway ? `worker_shutdown_timeout + ${STOP_SLACK_SECONDS}s` : ASSUMED,
    },
  };
}

/** How long a balancer keeps sending requests to a dead node: draining first saves clients that time. */
const seesDown = ({ balancer, timing: { everyMs, fall, source, from } }: Checked): Deadline => ({
  name: `failure detection, ${balancer}`,
  ms: everyMs * fall,
  source: `${source === 'read' ? from : source === 'declared' ? DECLARED : ASSUMED} (check interval × fall)`,
});
