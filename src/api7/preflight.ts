import type { Steps } from '../core/task/task.ts';
import { bindAddresses } from '../inventory/bind.ts';
import type { BindPort, Inventory } from '../inventory/inventory.ts';
import { hostLimits } from '../tasks/host-limits.ts';
import { leftAlone } from '../tasks/left-alone.ts';
import { portsFree } from '../tasks/ports-free.ts';
import { CONTAINERS, PORTS } from './paths.ts';

const PORTS_OF_GROUP: Readonly<Record<string, readonly BindPort[]>> = {
  control_plane: ['dashboard', 'dpManager'],
  data_plane: ['http', 'https', 'status'],
};

/**
 * Gates that refuse a host before anything is changed anywhere: open files that its kernel does not grant, ports that
 * another container or a process holds, addresses that it does not have. What may change the host's containers later on is warned of.
 */
export function* preflight(
  inventory: Inventory,
  host: { readonly address: string; readonly groups: readonly string[] },
): Steps {
  const { api7 } = inventory;
  yield hostLimits({ nofile: api7.nofile });
  const ports = host.groups.flatMap((group) => PORTS_OF_GROUP[group] ?? []);
  yield portsFree({
    ports: ports.flatMap((port) => bindAddresses(api7, host, port).map((address) => ({ address, port: PORTS[port] }))),
    except: Object.values(CONTAINERS),
  });
  yield leftAlone({ of: 'containers' });
}
