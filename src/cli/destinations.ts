import { OrchError } from '../core/base/errors.ts';
import { nameList } from '../render/lines/paint.ts';
import type { SshConfig } from '../transport/ssh/config/config.ts';
import type { SshTarget } from '../transport/ssh/target.ts';
import { destinationsOf, type Reachable } from './connect.ts';
import { refuseSameTarget } from './one-machine.ts';

/**
 * Where ssh would connect to, for each of these hosts; makes no connection. Warns of OpenSSH settings that are ignored.
 * Settings that cannot be followed are reported for all hosts at once.
 *
 * @throws OrchError CONNECT_CONFIG_… | CONNECT_JUMP_… | CONNECT_USER_UNKNOWN; INVENTORY_INVALID for two names of one
 *   machine
 * @example const targets = await destinations(inventory, ['gw-1'], openSshConfig()); targets.get('gw-1')?.port
 */
export async function destinations(
  inventory: Reachable,
  names: readonly string[],
  config: Promise<SshConfig>,
): Promise<ReadonlyMap<string, SshTarget>> {
  const resolve = destinationsOf(inventory, { config });
  const found = await Promise.allSettled(names.map(async (name) => await resolve(name)));
  const faults = found.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const [first] = faults;
  if (first !== undefined) throw faults.length === 1 ? first : together(faults);
  refuseSameTarget(found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  return new Map(found.flatMap((one) => (one.status === 'fulfilled' ? [[one.value.name, one.value] as const] : [])));
}

/** Many hosts often share one error, such as a line under `Host *`. */
function together(faults: readonly unknown[]): unknown {
  const known = faults.filter((fault) => fault instanceof OrchError);
  const [first] = known;
  if (first === undefined || known.length < faults.length) return faults.find((fault) => !(fault instanceof OrchError));
  const hostsOf = Map.groupBy(known, ({ message }) => message);
  const said = [...hostsOf].map(([message, of]) => {
    const names = of.flatMap(({ host }) => host ?? []);
    return names.some((name) => message.includes(name)) ? message : `${nameList(names)}: ${message}`;
  });
  const hints = [...new Set(known.flatMap(({ hint }) => hint ?? []))];
  return new OrchError(first.code, said.join('\n'), { hint: hints.join('; or ') });
}
