import { defined } from '../../core/base/data.ts';
import type { ContainerSettings } from '../inventory.ts';
import type { InventoryFile } from '../schema/schema.ts';

type ContainerFile = NonNullable<InventoryFile['api7']['dashboard']>;

/** The container settings in the block of a service. */
export function resolveContainer({
  env = {},
  mounts = [],
  memory,
  cpus,
  log,
  labels = {},
  extra_hosts = {},
  dns = [],
}: ContainerFile = {}): ContainerSettings {
  return {
    env,
    mounts: mounts.map(({ source, target, read_only = true }) => ({ source, target, readOnly: read_only })),
    ...defined({ memory, cpus }),
    ...(log === undefined
      ? {}
      : { log: log === 'off' ? log : { maxSize: log.max_size.toLowerCase(), maxFile: log.max_file } }),
    labels,
    extraHosts: extra_hosts,
    dns,
  };
}
