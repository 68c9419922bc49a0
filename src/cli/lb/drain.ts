import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { RolledNode } from '../../core/event/event.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { loadInventory } from '../../inventory/load.ts';
import { operatorName } from '../../local/operator.ts';
import { balancersOf, portsNamedBehind } from '../../traffic/pool-member.ts';
import { recordsOf } from '../../traffic/pool-snapshot.ts';
import { commandOn } from '../command-on.ts';
import type { CliEnvironment } from '../session.ts';
import { judgeDrain } from './judge.ts';
import { nodesOf, poolsAround, unmanagedOf } from './nodes.ts';
import { drainPlays, refuseUnknown } from './plays.ts';
import { type ChangeFlags, runOnBalancers } from './run-on-balancers.ts';

export interface DrainFlags extends ChangeFlags {
  readonly reason: string;
  /** False with --no-wait. */
  readonly wait: boolean;
  readonly yesOutage?: string;
  /** Hosts of balancers that are left out (`--without-lb`). */
  readonly withoutLb: readonly string[];
}

/** `api7-orch lb drain`. @returns the exit code */
export async function lbDrain(
  patterns: readonly string[],
  flags: DrainFlags,
  environment: CliEnvironment = {},
): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  checkDrainFlags(inventory, flags);
  const nodes = nodesOf(inventory, patterns);
  const leftOut = new Set(flags.withoutLb);
  const poolMembers = poolsAround(inventory, nodes, leftOut);
  let stage: 'looking' | 'draining' | 'drained' = 'looking';
  return await runOnBalancers(
    inventory,
    flags,
    {
      title: 'lb drain',
      words: patterns,
      hosts: balancersOf(poolMembers),
      skipUnreachable: false,
      plays: (say) =>
        drainPlays({
          nodes,
          poolMembers,
          records: recordsOf(inventory),
          by: operatorName(),
          reason: flags.reason,
          wait: flags.wait,
          mayEmpty: flags.yesOutage !== undefined,
          portsNamed: (poolMember) => portsNamedBehind(inventory, poolMember),
          reached: (now) => {
            stage = now;
          },
          judge(looked) {
            refuseUnknown({ nodes }, looked);
            for (const { name, reason } of unmanagedOf(inventory, nodes))
              say(`Pool ${name} is unmanaged (${reason}); its balancers still send requests`);
            for (const host of leftOut)
              say(`ignored by --without-lb; it may still send requests to ${nodes.join(', ')}`, host);
            judgeDrain({ nodes, snapshot: looked, say, outageConfirmed: flags.yesOutage !== undefined });
          },
        }),
      ends: (failure) =>
        stage === 'looking'
          ? {}
          : Object.fromEntries(nodes.map((node) => [node, drainedNode(inventory, node, stage === 'drained', failure)])),
    },
    environment,
  );
}

function drainedNode({ file }: Inventory, node: string, isOut: boolean, failure: string | undefined): RolledNode {
  return {
    state: failure === undefined ? 'done' : 'failed',
    traffic: isOut ? 'out' : 'unknown',
    ...defined({ cause: failure }),
    next: commandOn({ file }, ['lb', 'restore', node]),
  };
}

function checkDrainFlags(inventory: Inventory, { reason, yesOutage, withoutLb }: DrainFlags): void {
  const { cluster, loadBalancers, file } = inventory;
  if (reason.trim() === '')
    throw new OrchError('USAGE', '--reason is empty', {
      hint: "name the reason; it is stored in the lease: --reason 'new disks'",
    });
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
