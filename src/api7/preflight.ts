import type { Steps } from '../core/task/task.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';
import { hostLimits } from '../tasks/host-limits.ts';
import { leftAlone } from '../tasks/left-alone.ts';
import { mountSources } from '../tasks/mount-sources.ts';
import { portsFree } from '../tasks/ports-free.ts';
import { settingsOf } from './container-settings.ts';
import { CONTAINERS } from './paths.ts';
import { published } from './ports.ts';
import { prometheusGate } from './prometheus-usable.ts';
import { servicesOn } from './services.ts';

/**
 * Gates that refuse a host before anything is changed anywhere: open files that its kernel does not grant, ports that
 * another container or a process holds, addresses that it does not have, mounts whose source it does not have, a Prometheus that its
 * control plane could not use. What may change the host's containers later on is warned of.
 */
export function* preflight(inventory: Inventory, host: Pick<InventoryHost, 'name' | 'address' | 'groups'>): Steps {
  yield hostLimits({ nofile: inventory.api7.nofile });
  const services = servicesOn(inventory, host);
  const ports = services.flatMap((service) => published(service.ports, host));
  yield portsFree({
    ports: ports.map(({ address, host: port, protocol }) => ({ address, port, protocol })),
    except: Object.values(CONTAINERS),
  });
  const mounts = services.flatMap(({ name }) => settingsOf(inventory, host, name).mounts);
  if (mounts.length > 0) yield mountSources({ paths: [...new Set(mounts.map(({ source }) => source))] });
  const { prometheus } = inventory.api7;
  if (prometheus && host.groups.includes('control_plane')) yield prometheusGate({ ...inventory.api7, prometheus });
  yield leftAlone({ of: 'containers' });
}
