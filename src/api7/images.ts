import { registryOf } from '../core/base/registry-of.ts';
import type { RegistryLogin } from '../core/host/docker.ts';
import type { Api7Settings } from '../inventory/inventory.ts';

type ImageSettings = Pick<Api7Settings, 'version' | 'registry' | 'images'>;

const inRegistry = (api7: ImageSettings, name: string, tag: string): string =>
  `${api7.registry === undefined ? '' : `${api7.registry.replace(/\/+$/, '')}/`}api7/${name}:${tag}`;

/** Control-plane images are tagged with a leading "v", gateway images without: one version, two spellings. */
export const dashboardImage = (api7: ImageSettings): string =>
  api7.images.dashboard ?? inRegistry(api7, 'api7-ee-3-integrated', `v${api7.version}`);

export const dpManagerImage = (api7: ImageSettings): string =>
  api7.images.dpManager ?? inRegistry(api7, 'api7-ee-dp-manager', `v${api7.version}`);

export const gatewayImage = (api7: ImageSettings): string =>
  api7.images.gateway ?? inRegistry(api7, 'api7-ee-3-gateway', api7.version);

/** The parameter of an image task whose registry wants a login that the inventory has. */
export function loginFor(
  { registries = {} }: Pick<Api7Settings, 'registries'>,
  ref: string,
): { readonly login?: RegistryLogin } {
  const address = registryOf(ref);
  const found = Object.entries(registries).find(([key]) => registryOf(`${key}/any`) === address);
  return found === undefined ? {} : { login: { address, ...found[1] } };
}
