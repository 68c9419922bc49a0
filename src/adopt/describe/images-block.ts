import { dashboardImage, dpManagerImage, gatewayImage } from '../../api7/images.ts';
import { SERVICE_FIELDS, type Service } from '../../api7/services.ts';
import { defined } from '../../core/base/data.ts';
import type { FoundImage, RunningService } from '../running/running-service.ts';
import type { Block } from './container-block.ts';

type ImageOf = (api7: {
  readonly version: string;
  readonly registry?: string;
  readonly images: Readonly<Record<string, never>>;
}) => string;

const USUAL: Readonly<Record<Service['name'], ImageOf>> = {
  dashboard: dashboardImage,
  dpManager: dpManagerImage,
  gateway: gatewayImage,
};

/** Version, registry and images: one name for all where the vendor's names are used, else each by its own. */
export function imagesBlock(services: readonly Pick<RunningService, 'service' | 'image'>[]): Block {
  const byService = new Map<Service['name'], FoundImage>();
  for (const { service, image } of services) if (!byService.has(service)) byService.set(service, image);
  // The control plane is never older than its gateways.
  const version = (['dashboard', 'dpManager', 'gateway'] as const)
    .map((name) => byService.get(name)?.version)
    .find((one) => one !== undefined);
  const registry = registryOf(
    [...byService].map(([service, { ref }]) => ({ service, ref })),
    version ?? '',
  );
  const named = [...byService].filter(
    ([service, { ref }]) => USUAL[service]({ version: version ?? '', ...defined({ registry }), images: {} }) !== ref,
  );
  return {
    version,
    registry,
    images:
      named.length === 0
        ? undefined
        : Object.fromEntries(named.map(([service, { ref }]) => [SERVICE_FIELDS[service], ref])),
  };
}

/** The part before the vendor's own name of an image; undefined: nothing, or not the same for all. */
function registryOf(
  images: readonly { readonly service: Service['name']; readonly ref: string }[],
  version: string,
): string | undefined {
  const before = images.flatMap(({ service, ref }) => {
    const name = USUAL[service]({ version, images: {} });
    if (ref === name) return [''];
    return ref.endsWith(`/${name}`) ? [ref.slice(0, -name.length - 1)] : [];
  });
  const [first] = before;
  return first !== '' && before.every((one) => one === first) ? first : undefined;
}
