import { hostname, userInfo } from 'node:os';
import { fleetOf } from '../api7/rolling.ts';
import { placeOf, type Seat } from '../api7/seats.ts';
import { quote } from '../core/argv.ts';
import { OrchError } from '../core/errors.ts';
import type { RolledNode } from '../core/event.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { loadInventory } from '../inventory/load.ts';
import { selectHosts } from '../inventory/select.ts';
import { judgeDrain, judgeRestore, tellStrays } from './lb-judge.ts';
import { recordsOf, seatsOf } from './lb-look.ts';
import { drainPlays, refuseUnknown, restorePlays } from './lb-plays.ts';
import { type TellFlags, tell } from './lb-run.ts';
import type { Outside } from './lb-session.ts';

export interface DrainFlags extends TellFlags {
  readonly reason: string;
  /** False with --no-wait. */
  readonly wait: boolean;
  readonly yesOutage?: string;
  /** Hosts of balancers that are gone. */
  readonly withoutLb: readonly string[];
}

export interface RestoreFlags extends TellFlags {
  readonly all?: boolean;
}

const WHO = (): string => `${userInfo().username}@${hostname()}`;

/** `api7-orch lb drain`. @returns the exit code */
export async function lbDrain(patterns: readonly string[], flags: DrainFlags, outside: Outside = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory, { env: process.env, extraVars: {} });
  checkDrainFlags(inventory, flags);
  const nodes = nodesOf(inventory, patterns);
  const leftOut = new Set(flags.withoutLb);
  const seats = besides(inventory, nodes, leftOut);
  const fleet = fleetOf(inventory, { by: WHO(), withoutLb: flags.withoutLb, reason: flags.reason });
  let stage: 'looking' | 'draining' | 'drained' = 'looking';
  return await tell(
    inventory,
    flags,
    {
      title: 'lb drain',
      hosts: hostsOf(seats),
      skipUnreachable: false,
      plays: (say) =>
        drainPlays({
          nodes,
          seats,
          records: recordsOf(inventory),
          by: WHO(),
          reason: flags.reason,
          wait: flags.wait,
          reached: (now) => {
            stage = now;
          },
          judge(looked) {
            refuseUnknown({ nodes }, looked);
            for (const { name, reason } of unspokenOf(inventory, nodes))
              say(`${name} is not told: its balancers are not spoken to (${reason})`);
            for (const host of leftOut) say('left out: whether it goes on sending requests there is not known', host);
            judgeDrain({ nodes, looked, fleet, say, outageConfirmed: flags.yesOutage !== undefined });
          },
        }),
      ends: (failure) =>
        stage === 'looking'
          ? {}
          : Object.fromEntries(nodes.map((node) => [node, drainedNode(inventory, node, stage === 'drained', failure)])),
    },
    outside,
  );
}

function drainedNode({ file }: Inventory, node: string, isOut: boolean, failure: string | undefined): RolledNode {
  return {
    state: failure === undefined ? 'done' : 'failed',
    traffic: isOut ? 'out' : 'unknown',
    ...(failure === undefined ? {} : { cause: failure }),
    next: `api7-orch lb restore ${quote(node)} -i ${quote(file)}`,
  };
}

/** `api7-orch lb restore`. @returns the exit code */
export async function lbRestore(
  patterns: readonly string[],
  flags: RestoreFlags,
  outside: Outside = {},
): Promise<number> {
  const inventory = await loadInventory(flags.inventory, { env: process.env, extraVars: {} });
  if ((flags.all === true) === patterns.length > 0)
    throw new OrchError('USAGE', flags.all === true ? 'either nodes or --all, not both' : 'no node was named', {
      hint: `api7-orch lb restore gw-1 -i ${flags.inventory}, or --all for every node that is on record`,
    });
  const all = seatsOf(inventory);
  const nodes = flags.all === true ? [...new Set(all.map(({ member }) => member.node))] : nodesOf(inventory, patterns);
  const seats = all.filter(({ member }) => nodes.includes(member.node));
  if (seats.length === 0)
    throw new OrchError('NO_POOLS', `${inventory.file} has no balancer that can be told`, {
      hint: 'see load_balancers there',
    });
  return await tell(
    inventory,
    flags,
    {
      title: 'lb restore',
      hosts: hostsOf(seats),
      // A balancer that is gone keeps nobody out of the others.
      skipUnreachable: true,
      plays: (say) =>
        restorePlays({
          nodes,
          seats,
          records: recordsOf(inventory),
          judge(looked) {
            const complete = looked.found.length === seats.length && looked.found.every((one) => 'view' in one);
            judgeRestore({ nodes, looked, complete, say, all: flags.all === true, cluster: inventory.cluster });
            if (flags.all === true) tellStrays(looked, say);
          },
        }),
      ends: () => ({}),
    },
    outside,
  );
}

/** @throws OrchError USAGE | NO_HOSTS_MATCHED */
function nodesOf(inventory: Inventory, patterns: readonly string[]): readonly string[] {
  const nodes = selectHosts(inventory, patterns.join(',')).map(({ name }) => name);
  const strange = nodes.filter((node) => (placeOf(inventory, node, new Set())?.seats ?? []).length === 0);
  if (strange.length === 0) return nodes;
  const unspoken = unspokenOf(inventory, strange).map(({ name, reason }) => `${name} is not spoken to: ${reason}`);
  throw new OrchError(
    'USAGE',
    `${strange.join(', ')}: no balancer of the inventory that can be told sends requests there${unspoken.length > 0 ? ` (${unspoken.join('; ')})` : ''}`,
    { hint: `name members of the pools under load_balancers in ${inventory.file}` },
  );
}

/** All members of all pools of these nodes: whether somebody else goes on serving depends on them. */
function besides(inventory: Inventory, nodes: readonly string[], leftOut: ReadonlySet<string>): readonly Seat[] {
  const all = seatsOf(inventory, leftOut);
  const pools = new Set(all.flatMap(({ pool, member }) => (nodes.includes(member.node) ? [pool.name] : [])));
  const seats = all.filter(({ pool }) => pools.has(pool.name));
  if (seats.length > 0) return seats;
  throw new OrchError('USAGE', '--without-lb leaves no balancer that could be told', { hint: 'leave it away' });
}

const hostsOf = (seats: readonly Seat[]): readonly string[] => [...new Set(seats.map(({ balancer }) => balancer.host))];

const unspokenOf = ({ loadBalancers }: Inventory, nodes: readonly string[]) =>
  [...loadBalancers.values()].flatMap((pool) =>
    pool.driver === 'none' && pool.members.some((node) => nodes.includes(node)) ? [pool] : [],
  );

function checkDrainFlags(inventory: Inventory, { reason, yesOutage, withoutLb }: DrainFlags): void {
  const { cluster, loadBalancers, file } = inventory;
  if (reason.trim() === '')
    throw new OrchError('USAGE', '--reason is empty', { hint: "say why, for the record: --reason 'new disks'" });
  if (yesOutage !== undefined && yesOutage !== cluster)
    throw new OrchError('USAGE', `--yes-outage ${yesOutage}: this inventory is of cluster "${cluster}"`, {
      hint: 'it must be the name of the cluster that is to go down',
    });
  const runs = new Set([...loadBalancers.values()].flatMap((pool) => ('hosts' in pool ? pool.hosts : [])));
  const unknown = withoutLb.find((name) => !runs.has(name));
  if (unknown !== undefined)
    throw new OrchError('USAGE', `--without-lb ${unknown}: no load balancer of the inventory runs there`, {
      hint: `correct the name; ${file} lists them under load_balancers`,
    });
}
