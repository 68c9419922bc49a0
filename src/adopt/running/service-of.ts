import { PORTS } from '../../api7/paths.ts';
import type { Service } from '../../api7/services.ts';
import { imageParts } from '../../core/base/image-parts.ts';
import type { ContainerInspect, ImageInspect } from '../../core/host/docker.ts';
import { IN_IMAGE } from '../../inventory/own-settings.ts';

/** How a service of API7 is recognized: the last part of its image's name, and its published ports inside. */
export interface ServiceMarks {
  readonly service: Service['name'];
  /** As messages name it. */
  readonly words: string;
  readonly repository: string;
  /** Inside the container: those of the vendor's pages and of his own defaults. */
  readonly ports: readonly number[];
  readonly configPath: string;
}

export const MARKS: readonly ServiceMarks[] = [
  {
    service: 'dashboard',
    words: 'dashboard',
    repository: 'api7-ee-3-integrated',
    ports: [PORTS.dashboard.http, PORTS.dashboard.https, 7080],
    configPath: IN_IMAGE.dashboardConfig,
  },
  {
    service: 'dpManager',
    words: 'DP Manager',
    repository: 'api7-ee-dp-manager',
    ports: [PORTS.dpManager.http, PORTS.dpManager.https, 7900],
    configPath: IN_IMAGE.dpManagerConfig,
  },
  {
    service: 'gateway',
    words: 'gateway',
    repository: 'api7-ee-3-gateway',
    ports: [PORTS.gateway.http, PORTS.gateway.https, PORTS.gateway.status],
    configPath: IN_IMAGE.gatewayConfig,
  },
];

export const marksOf = (service: Service['name']): ServiceMarks => {
  const found = MARKS.find((marks) => marks.service === service);
  if (found === undefined) throw new Error(`a service without marks: ${service}`);
  return found;
};

/** The last part of a repository: mirrors and registries put their own before it. */
const lastPart = (ref: string): string => imageParts(ref).repository.split('/').at(-1) ?? '';

export const marksOfImage = (ref: string): ServiceMarks | undefined =>
  MARKS.find(({ repository }) => repository === lastPart(ref));

/** An image given by its id, as `docker ps` also shows one whose tag was moved away. */
export const isImageId = (ref: string): boolean => /^(?:sha256:)?[0-9a-f]{12,64}$/.test(ref);

/** The service that a container runs, by its image's name, whichever of them it is known by. */
export const marksOfContainer = (found: ContainerInspect, image: ImageInspect | null): ServiceMarks | undefined =>
  [found.Config.Image, ...(image?.RepoTags ?? []), ...(image?.RepoDigests ?? [])]
    .map(marksOfImage)
    .find((marks) => marks !== undefined);

const VERSION = /^v?(\d{1,5}\.\d{1,5}\.\d{1,5}(?:\.\d{1,5})?(?:-[0-9A-Za-z.-]{1,40})?)$/;

/** Of an image, by its tag, else by the label that build tools give. */
export function versionOf(ref: string, image: ImageInspect | null): string | undefined {
  const label = image?.Config?.Labels?.['org.opencontainers.image.version'] ?? '';
  return [imageParts(ref).tag ?? '', label].map((text) => VERSION.exec(text)?.[1]).find((one) => one !== undefined);
}

/** Paths at which api7-orch mounts a file itself: what the user mounted there is read as the configuration or the uid. */
export const fileTargets = (service: Service['name']): readonly string[] =>
  service === 'gateway' ? [IN_IMAGE.gatewayConfig, IN_IMAGE.gatewayUid] : [marksOf(service).configPath];
