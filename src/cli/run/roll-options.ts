import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Hosts } from '../../engine/plan/hosts.ts';
import type { RunContext } from '../../engine/roll/run-context.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { operatorName } from '../../local/operator.ts';
import { fleetOf } from '../../traffic/fleet.ts';
import type { Ask } from '../../transport/ssh/ask.ts';
import { commandOn } from '../command-on.ts';

/** Flags of every verb that may drain nodes. */
export interface RollFlags {
  readonly includeHeld?: boolean;
  readonly skipUnreachable?: boolean;
  /** Names of balancer hosts that are left out. */
  readonly withoutLb: readonly string[];
  readonly reason?: string;
  readonly yesOutage?: string;
  readonly onHold: 'ask' | 'go' | 'stop';
  readonly onFailure?: 'rollback-node' | 'stop';
}

type RollOptions = Pick<
  RunContext,
  'fleet' | 'rollFlags' | 'ask' | 'outage' | 'onNetwork' | 'restoreCommand' | 'startCommand'
>;

/** The engine's options for draining nodes, from the flags. @throws OrchError USAGE */
export function rollOptions(
  inventory: Inventory,
  flags: RollFlags,
  { hosts, ask, run }: { readonly hosts: Hosts; readonly ask: Ask; readonly run: string },
): RollOptions {
  if (flags.withoutLb.length > 0 && (flags.reason ?? '').trim() === '')
    throw new OrchError('USAGE', '--without-lb needs a reason', {
      hint: "give the reason: --reason 'lb-2 is being replaced'",
    });
  const unknown = flags.withoutLb.find(
    (name) => ![...inventory.loadBalancers.values()].some((pool) => 'hosts' in pool && pool.hosts.includes(name)),
  );
  if (unknown !== undefined)
    throw new OrchError('USAGE', `--without-lb ${unknown}: no load balancer of the inventory runs there`, {
      hint: `correct the name; ${inventory.file} lists them under load_balancers`,
    });
  if (flags.yesOutage !== undefined && flags.yesOutage !== inventory.cluster)
    throw new OrchError(
      'USAGE',
      `--yes-outage ${flags.yesOutage}: this inventory is of cluster "${inventory.cluster}"`,
      {
        hint: 'it must be the name of the cluster that is to go down',
      },
    );
  return {
    fleet: fleetOf(inventory, {
      by: operatorName(),
      run,
      withoutLb: flags.withoutLb,
      ...defined({ reason: flags.reason }),
    }),
    rollFlags: {
      includeHeld: flags.includeHeld ?? false,
      skipUnreachable: flags.skipUnreachable ?? false,
      ...defined({ onFailure: flags.onFailure }),
    },
    ask: async (question) => {
      if (flags.onHold !== 'ask') return flags.onHold === 'go';
      return await confirmed(ask, question);
    },
    outage: async (what) => {
      if (flags.yesOutage !== undefined) return true;
      const question = `${what}. Type the cluster name to continue`;
      const answer = await ask({ kind: 'confirmation', what: question, echo: true });
      return answer?.reveal().trim() === inventory.cluster;
    },
    onNetwork: (listener) => hosts.onNetwork(listener),
    restoreCommand: (node) => commandOn(inventory, ['lb', 'restore', node]),
    startCommand: (node) => commandOn(inventory, ['run', 'start'], ['--limit', node]),
  };
}

/** Asks until the answer is yes or no; no answer means no. */
async function confirmed(ask: Ask, question: string): Promise<boolean> {
  for (let what = `${question} [y/N]`; ; what = `please answer yes or no: ${question} [y/N]`) {
    const answer = (await ask({ kind: 'confirmation', what, echo: true }))?.reveal().trim() ?? '';
    if (/^y(es)?$/i.test(answer)) return true;
    if (/^(no?)?$/i.test(answer)) return false;
  }
}
