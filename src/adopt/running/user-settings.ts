import { defined } from '../../core/base/data.ts';
import { Secret } from '../../core/base/secret.ts';
import type { ContainerInspect, ImageInspect, PortBinding } from '../../core/host/docker.ts';
import { observedSpec } from '../../docker/spec.ts';
import { mountsOf } from './mounts.ts';
import type { FoundPort, UserSettings } from './running-service.ts';

/**
 * What the user of a container set: what the Engine shows of it without what its image brings. The image's own values
 * would otherwise be frozen into the container of the next version.
 */
export function userSettings(
  found: ContainerInspect,
  image: ImageInspect | null,
  own: readonly string[],
): UserSettings {
  const { Config, HostConfig } = found;
  const spec = observedSpec(found);
  const brought = image?.Config ?? {};
  const imageLabels = brought.Labels ?? {};
  return {
    env: variables(Config.Env ?? [], new Set(brought.Env ?? [])),
    labels: Object.fromEntries(Object.entries(spec.labels).filter(([key, value]) => imageLabels[key] !== value)),
    ports: publishedPorts(found),
    mounts: mountsOf(found).binds.filter(({ target }) => !own.includes(target)),
    ...defined({ memory: spec.memory, cpus: spec.cpus }),
    log: { driver: HostConfig.LogConfig?.Type ?? '', options: HostConfig.LogConfig?.Config ?? {} },
    extraHosts: spec.extraHosts ?? {},
    dns: spec.dns ?? [],
    networkMode: spec.networkMode,
  };
}

/** Variables that the image does not have, or has with another value. */
function variables(entries: readonly string[], brought: ReadonlySet<string>): Record<string, Secret> {
  return Object.fromEntries(
    entries
      .filter((entry) => !brought.has(entry))
      .map((entry): readonly [string, Secret] => {
        const at = entry.indexOf('=');
        return at < 0 ? [entry, Secret.containing('')] : [entry.slice(0, at), Secret.containing(entry.slice(at + 1))];
      }),
  );
}

/** Of a port that the Engine chose, only the settings of the network contain the number. */
function publishedPorts({ HostConfig, NetworkSettings }: ContainerInspect): readonly FoundPort[] {
  const stated = HostConfig.PortBindings ?? {};
  const now = NetworkSettings?.Ports ?? {};
  const keys = [...new Set([...Object.keys(stated), ...Object.keys(now)])].sort();
  return keys.flatMap((key) => {
    const bindings = stated[key] ?? [];
    const isFixed = bindings.length > 0 && bindings.every(({ HostPort }) => /^[1-9]\d{0,4}$/.test(HostPort));
    return byHostPort(key, (isFixed ? bindings : now[key]) ?? []);
  });
}

function byHostPort(key: string, bindings: readonly PortBinding[]): readonly FoundPort[] {
  const [container = '', kind = 'tcp'] = key.split('/');
  const protocol = kind === 'udp' ? 'udp' : 'tcp';
  const ports = [...new Set(bindings.map(({ HostPort }) => Number(HostPort)))].sort((a, b) => a - b);
  return ports
    .filter((host) => host > 0 && host < 65_536)
    .map((host) => ({
      container: Number(container),
      protocol,
      host,
      addresses: bindings
        .filter(({ HostPort }) => Number(HostPort) === host)
        // Without an address a port is published on all.
        .map(({ HostIp }) => HostIp || '0.0.0.0')
        .sort(),
    }));
}
