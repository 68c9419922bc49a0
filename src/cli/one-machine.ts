import { oneMachine } from '../engine/plan/one-machine.ts';
import type { SshTarget } from '../transport/ssh/target.ts';

/**
 * Compares ssh's targets: two names of the ssh configuration may mean one machine.
 *
 * @throws OrchError INVENTORY_INVALID naming two hosts with one address
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
