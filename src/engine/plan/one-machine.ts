import { OrchError } from '../../core/base/errors.ts';
import type { Facts } from '../../core/host/connection.ts';

/**
 * The error for two inventory hosts that are one machine: it would be changed twice, and the budget would count it
 * twice.
 */
export function oneMachine([a, b]: readonly [string, string], how: string): OrchError {
  return new OrchError('INVENTORY_INVALID', `${a} and ${b} are one machine: ${how}`, {
    hint: 'correct address or ssh_address of one of them (or HostName in the ssh configuration), or remove one from the inventory',
  });
}

/**
 * Finds two inventory hosts that are one machine: names, addresses or forwarded ports may hide that. Returns the error
 * that names them. Hosts that do not report their machine are left out: the next task that needs their facts reports
 * that.
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
