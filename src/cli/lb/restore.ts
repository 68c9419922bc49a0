import { OrchError } from '../../core/base/errors.ts';
import { loadInventory } from '../../inventory/load.ts';
import { balancersOf } from '../../traffic/pool-member.ts';
import { poolMembersOf, recordsOf } from '../../traffic/pool-snapshot.ts';
import type { CliEnvironment } from '../session.ts';
import { judgeRestore, warnStrayLeases } from './judge.ts';
import { nodesOf } from './nodes.ts';
import { restorePlays } from './plays.ts';
import { type ChangeFlags, runOnBalancers } from './run-on-balancers.ts';

export interface RestoreFlags extends ChangeFlags {
  readonly all?: boolean;
}

/** `api7-orch lb restore`. @returns the exit code */
export async function lbRestore(
  patterns: readonly string[],
  flags: RestoreFlags,
  environment: CliEnvironment = {},
): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  if ((flags.all === true) === patterns.length > 0)
    throw new OrchError('USAGE', flags.all === true ? 'either nodes or --all, not both' : 'no node was named', {
      hint: `api7-orch lb restore gw-1 -i ${flags.inventory}, or --all for all nodes that have a lease`,
    });
  const all = poolMembersOf(inventory);
  const nodes = flags.all === true ? [...new Set(all.map(({ member }) => member.node))] : nodesOf(inventory, patterns);
  const poolMembers = all.filter(({ member }) => nodes.includes(member.node));
  if (poolMembers.length === 0)
    throw new OrchError('NO_POOLS', `${inventory.file} has no managed balancer`, {
      hint: 'see load_balancers there',
    });
  return await runOnBalancers(
    inventory,
    flags,
    {
      title: 'lb restore',
      words: flags.all === true ? ['--all'] : patterns,
      hosts: balancersOf(poolMembers),
      // An unreachable balancer does not prevent restores on the others.
      skipUnreachable: true,
      plays: (say) =>
        restorePlays({
          nodes,
          poolMembers,
          records: recordsOf(inventory),
          judge(looked) {
            const complete = looked.found.length === poolMembers.length && looked.found.every((one) => 'view' in one);
            judgeRestore({
              nodes,
              snapshot: looked,
              complete,
              say,
              all: flags.all === true,
              cluster: inventory.cluster,
            });
            if (flags.all === true) warnStrayLeases(looked, say);
          },
        }),
      ends: () => ({}),
    },
    environment,
  );
}
