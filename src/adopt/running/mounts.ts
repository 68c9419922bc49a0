import type { ContainerInspect, MountPoint } from '../../core/host/docker.ts';
import type { FoundMount } from './running-service.ts';

/** Everything that is mounted into a container, by what becomes of it. */
export interface Mounts {
  readonly binds: readonly FoundMount[];
  /** Volumes without a name: their content is known to this container alone. */
  readonly anonymous: readonly MountPoint[];
  /** Named volumes, tmpfs and what else has no path on the host. */
  readonly others: readonly MountPoint[];
}

/** An anonymous volume has an id for a name. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/**
 * The mounts of a container as its Engine resolved them, of `Binds` and of `Mounts`. An Engine that does not show them so
 * shows at least what was asked for.
 */
export function mountsOf({ Mounts, HostConfig }: ContainerInspect): Mounts {
  const points = Mounts ?? [
    ...(HostConfig.Binds ?? []).flatMap(pointOf),
    ...(HostConfig.Mounts ?? []).map(pointOfMount),
  ];
  const binds = points.filter(({ Type }) => Type === 'bind');
  const anonymous = points.filter(({ Type, Name = '' }) => Type === 'volume' && ANONYMOUS.test(Name));
  return {
    binds: binds
      .map(({ Source, Destination, RW }) => ({ source: Source, target: plain(Destination), readOnly: !RW }))
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
    anonymous,
    others: points.filter((point) => point.Type !== 'bind' && !anonymous.includes(point)),
  };
}

/** `/app/conf/` and `/app//conf` are `/app/conf`. */
const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '')
    .reduce((all, part) => `${all}/${part}`, '') || '/';

/** `source:target` or `source:target:options`. */
function pointOf(bind: string): readonly MountPoint[] {
  const [Source = '', Destination, options = ''] = bind.split(':');
  if (Destination === undefined) return [];
  const RW = !options.split(',').includes('ro');
  return Source.startsWith('/')
    ? [{ Type: 'bind', Source, Destination, RW }]
    : [{ Type: 'volume', Name: Source, Source, Destination, RW }];
}

const pointOfMount = (mount: {
  readonly Type: string;
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
}): MountPoint => ({
  Type: mount.Type,
  ...(mount.Type === 'volume' ? { Name: mount.Source } : {}),
  Source: mount.Source,
  Destination: mount.Target,
  RW: mount.ReadOnly !== true,
});
