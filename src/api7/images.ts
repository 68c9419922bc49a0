import { defined } from '../core/base/data.ts';
import { registryOf } from '../core/base/registry-of.ts';
import type { RegistryLogin } from '../core/host/docker.ts';
import type { Api7Settings, RegistrySettings } from '../inventory/inventory.ts';

type ImageSettings = Pick<Api7Settings, 'version' | 'registry' | 'images'>;

const inRegistry = (api7: ImageSettings, name: string, tag: string): string =>
  `${api7.registry === undefined ? '' : `${api7.registry.replace(/\/+$/, '')}/`}api7/${name}:${tag}`;

/** Control-plane images are tagged with a leading "v", gateway images without: two forms of one version. */
export const dashboardImage = (api7: ImageSettings): string =>
  api7.images.dashboard ?? inRegistry(api7, 'api7-ee-3-integrated', `v${api7.version}`);

export const dpManagerImage = (api7: ImageSettings): string =>
  api7.images.dpManager ?? inRegistry(api7, 'api7-ee-dp-manager', `v${api7.version}`);

export const gatewayImage = (api7: ImageSettings): string =>
  api7.images.gateway ?? inRegistry(api7, 'api7-ee-3-gateway', api7.version);

type Registries = Pick<Api7Settings, 'registries'>;

/** The inventory's login for the registry of a reference. */
function loginFor(api7: Registries, ref: string): RegistryLogin | undefined {
  const { username, password } = registryFor(api7, ref) ?? {};
  if (username === undefined || password === undefined) return undefined;
  return { address: registryOf(ref), username, password };
}

function registryFor({ registries = {} }: Registries, ref: string): RegistrySettings | undefined {
  const address = registryOf(ref);
  return Object.entries(registries).find(([key]) => registryOf(`${key}/any`) === address)?.[1];
}

/** Registries of the images and their mirrors. Empty if images come from packages. */
export function registriesAsked(api7: ImageSettings & Registries & Pick<Api7Settings, 'package'>): ReadonlySet<string> {
  if (api7.package !== undefined) return new Set();
  const refs = [dashboardImage(api7), dpManagerImage(api7), gatewayImage(api7)];
  const mirrors = refs.flatMap((ref) => registryFor(api7, ref)?.mirrors ?? []);
  return new Set([...refs, ...mirrors.map((prefix) => `${prefix}/any`)].map(registryOf));
}

/** Parameters of an image task: how hosts pull it. */
export function pullOf(api7: Registries & Pick<Api7Settings, 'pulls'>, ref: string) {
  const mirrors = registryFor(api7, ref)?.mirrors?.map((prefix) => ({
    prefix,
    ...defined({ login: loginFor(api7, `${prefix}/any`) }),
  }));
  return { atOnce: api7.pulls, ...defined({ login: loginFor(api7, ref), mirrors }) };
}
