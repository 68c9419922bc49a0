import { OrchError } from '../core/base/errors.ts';
import type { Facts } from '../core/host/connection.ts';
import type { SshTarget } from '../transport/ssh/target.ts';

/** Two hosts of the inventory that are one machine would be changed twice, and a rolling change would not see it. */
function oneMachine([a, b]: readonly [string, string], how: string): OrchError {
  return new OrchError('INVENTORY_INVALID', `${a} and ${b} are one machine: ${how}`, {
    hint: 'correct address or ssh_address of one of them (or HostName in the ssh configuration), or remove one from the inventory',
  });
}

/**
 * What ssh would connect to, compared: two names of the ssh configuration may stand for one machine.
 *
 * @throws OrchError INVENTORY_INVALID naming two hosts that are reached at one address
 */
export function refuseSameTarget(targets: readonly SshTarget[]): void {
  const known = new Map<string, string>();
  for (const target of targets) {
    const way = wayTo(target);
    const other = known.get(way);
    if (other !== undefined) throw oneMachine([other, target.name], `ssh reaches both at ${way}`);
    known.set(way, target.name);
  }
}

/** `10.0.0.7:22 via bastion:22`: behind another host the same address may be another machine. */
function wayTo({ address, port, jump }: SshTarget): string {
  const own = `${address.toLowerCase()}:${port}`;
  return jump === undefined ? own : `${own} via ${wayTo(jump)}`;
}

/** Told of each host that was connected to, by what it says of itself. */
export type RefuseSameMachine = (name: string, facts: Promise<Facts>) => Promise<void>;

/**
 * Two names, addresses or forwarded ports may lead to one machine even so. A host that does not say which it is, is not judged
 * here: whatever needs its facts next reports that.
 *
 * @example const refuse = sameMachineCheck(); await refuse('gw-1', connection.facts())
 */
export function sameMachineCheck(): RefuseSameMachine {
  const machines = new Map<string, string>();
  return async (name, facts) => {
    const { machine } = await facts.catch(() => ({ machine: null }));
    if (machine === null) return;
    const other = machines.get(machine);
    if (other !== undefined && other !== name)
      throw oneMachine([other, name], 'both connections lead to the same running system');
    machines.set(machine, name);
  };
}
