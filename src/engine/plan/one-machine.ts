import { OrchError } from '../../core/base/errors.ts';
import type { Facts } from '../../core/host/connection.ts';

/** Two hosts of the inventory that are one machine would be changed twice, and a rolling change would not see it. */
export function oneMachine([a, b]: readonly [string, string], how: string): OrchError {
  return new OrchError('INVENTORY_INVALID', `${a} and ${b} are one machine: ${how}`, {
    hint: 'correct address or ssh_address of one of them (or HostName in the ssh configuration), or remove one from the inventory',
  });
}

/**
 * Two names, addresses or forwarded ports may lead to one machine although ssh connects to two. Returns the error that names them. A
 * host that does not report which machine it is, is not judged here: the next task that needs its facts reports that.
 *
 * @example const refusal = await sameMachine(['gw-1', 'gw-2'], async (name) => (await hosts.get(name)).facts());
 */
export async function sameMachine(
  hosts: readonly string[],
  factsOf: (host: string) => Promise<Facts>,
): Promise<OrchError | undefined> {
  const reported = await Promise.all(hosts.map((host) => factsOf(host).catch(() => ({ machine: null }))));
  const known = new Map<string, string>();
  for (const [i, host] of hosts.entries()) {
    const machine = reported[i]?.machine ?? null;
    if (machine === null) continue;
    const other = known.get(machine);
    if (other !== undefined) return oneMachine([other, host], 'both connections lead to the same running system');
    known.set(machine, host);
  }
  return undefined;
}
