import { CONTAINERS } from '../../api7/paths.ts';
import { imageParts } from '../../core/base/image-parts.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect, ContainerSummary, EngineInfo, ImageInspect } from '../../core/host/docker.ts';
import { replacedBy } from '../../core/host/leftover-names.ts';
import { rememberedBy } from '../../tasks/container/labels.ts';
import { composeRefusal } from './compose-owner.ts';
import { foundCertificates, valueAt } from './found-certificates.ts';
import { foundConfig } from './found-config.ts';
import { foundUid } from './found-uid.ts';
import { judge } from './judge.ts';
import { judgePorts } from './judge-ports.ts';
import { nameTaken } from './name-taken.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { FoundOnHost, LeftAside, RunningService } from './running-service.ts';
import {
  fileTargets,
  isImageId,
  MARKS,
  marksOfContainer,
  marksOfImage,
  type ServiceMarks,
  versionOf,
} from './service-of.ts';
import { type ContainerUnit, containerUnits, unitRefusal } from './unit-owners.ts';
import { userSettings } from './user-settings.ts';
import { shortName, typed } from './words.ts';

export interface FindOptions {
  /** Containers that belong to no compose project and no unit any more, whatever their labels or units are. */
  readonly unmanaged?: readonly string[];
}

/** No host runs more of them that could be API7's. */
const MOST = 100;

interface Candidate {
  readonly found: ContainerInspect;
  readonly image: ImageInspect | null;
  readonly marks: ServiceMarks;
}

/**
 * API7's services that run on a host, of any origin, and whether they can be adopted. Reads only.
 *
 * @throws OrchError as the calls of its Docker Engine
 * @example const { services } = await findServices(host);
 */
export async function findServices(host: Reader, options: FindOptions = {}): Promise<FoundOnHost> {
  const [all, info] = await Promise.all([host.docker.containers(), host.docker.info()]);
  const candidates = await candidatesAmong(all, host);
  const sorted = candidates.map((candidate) => ({ ...candidate, aside: asideOf(candidate) }));
  const running = sorted.filter(({ aside }) => aside === undefined);
  const units = running.length === 0 ? [] : await containerUnits(host);
  const services = await Promise.all(running.map((one) => describe(one, host, info, units, options)));
  return {
    host: host.name,
    services: services.map((one) => withRivals(one, services)),
    aside: sorted.flatMap(({ found, aside }): readonly LeftAside[] =>
      aside === undefined ? [] : [{ name: shortName(found), why: aside }],
    ),
  };
}

/** Containers whose image is one of API7's. `docker ps` shows an id where the tag has moved: those are asked for, too. */
async function candidatesAmong(all: readonly ContainerSummary[], host: Reader): Promise<readonly Candidate[]> {
  const maybe = all.filter(({ Image }) => marksOfImage(Image.slice(0, 1000)) !== undefined || isImageId(Image));
  const inspected = await Promise.all(maybe.slice(0, MOST).map(({ Id }) => host.docker.container(Id)));
  const there = inspected.filter((found) => found !== null);
  const images = await Promise.all(there.map(({ Image }) => host.docker.image(Image)));
  const candidates = there.flatMap((found, at): readonly Candidate[] => {
    const image = images[at] ?? null;
    const marks = marksOfContainer(found, image);
    return marks === undefined ? [] : [{ found, image, marks }];
  });
  return candidates.toSorted((a, b) => MARKS.indexOf(a.marks) - MARKS.indexOf(b.marks));
}

/** Why a container of such an image is no running service; undefined: it is one. */
function asideOf({ found, marks }: Candidate): string | undefined {
  const name = shortName(found);
  if (replacedBy(name) !== undefined) return 'left by api7-orch: run lb doctor';
  if (!found.State.Running) return `it is ${found.State.Status}`;
  if (found.HostConfig.NetworkMode === 'host') return undefined;
  const inside = [found.HostConfig.PortBindings ?? {}, found.NetworkSettings?.Ports ?? {}].flatMap((ports) =>
    Object.entries(ports).flatMap(([port, bindings]) =>
      (bindings ?? []).length > 0 ? [Number.parseInt(port, 10)] : [],
    ),
  );
  return inside.some((port) => marks.ports.includes(port)) ? undefined : `it publishes no port of a ${marks.words}`;
}

async function describe(
  { found, image, marks }: Candidate,
  host: Reader,
  info: EngineInfo,
  units: readonly ContainerUnit[],
  { unmanaged = [] }: FindOptions,
): Promise<RunningService> {
  const { service } = marks;
  const name = shortName(found);
  // One that was created from an id has no name of its own: it goes by the one that its image has.
  const ref = isImageId(found.Config.Image)
    ? (image?.RepoTags?.find((tag) => marksOfImage(tag) === marks) ?? found.Config.Image)
    : found.Config.Image;
  const settings = userSettings(found, image, fileTargets(service));
  const [named, there, ofCompose, { config, refusals: ofConfig }, ofGateway] = await Promise.all([
    host.docker.image(ref),
    host.docker.container(CONTAINERS[service]),
    composeRefusal(found, host),
    foundConfig(found, marks.configPath, host),
    service === 'gateway' ? foundUid(found, host) : { refusals: [] },
  ]);
  const certificates = await foundCertificates(found, settings, config.content, host);
  const version = versionOf(ref, image);
  const isManaged = rememberedBy(settings.labels).spec !== null;
  const isReleased = unmanaged.includes(name);
  const refusals = [
    ...judge({ found, marks, image, ref, tagged: named?.Id ?? null, info }),
    ...judgePorts(name, marks, settings.ports, config.content),
    ...nameTaken(service, there, found.Id),
    ...ofCompose,
    ...unitRefusal(found, marks, units),
    ...ofConfig,
    ...ofGateway.refusals,
    ...instanceId(name, config.content),
    ...(version === undefined ? [unknownVersion(name, ref, found.Image)] : []),
  ];
  return {
    service,
    container: {
      id: found.Id,
      name,
      managed: isManaged,
      pid: found.State.Pid,
    },
    image: { ref, id: found.Image, ...(version === undefined ? {} : { version }) },
    settings,
    config,
    ...('uid' in ofGateway && ofGateway.uid !== undefined ? { uid: ofGateway.uid } : {}),
    certificates,
    // What api7-orch made itself is not adopted, so nothing of it can be in the way.
    refusals: isManaged
      ? []
      : refusals.filter(({ code }) => !(isReleased && (code === 'COMPOSE' || code === 'SYSTEMD'))),
  };
}

function instanceId(name: string, config: Parameters<typeof valueAt>[0]): readonly Refusal[] {
  const id = valueAt(config, ['apisix', 'id']);
  if (id === undefined || id === null) return [];
  const hint = 'remove apisix.id from its configuration and write the same id, if it is a UUID, as its apisix.uid';
  return [refusal('APISIX_ID', `${name}: its configuration sets apisix.id, which takes the place of its uid`, hint)];
}

const unknownVersion = (name: string, ref: string, id: string): Refusal =>
  refusal(
    'VERSION',
    `${name}: the image ${ref} does not show its version`,
    `tag it with its version, such as 3.10.5, and create the container again from that: docker tag ${typed(id, `${imageParts(ref).repository}:3.10.5`)}`,
  );

/** A host has one container of each service: which of two is meant, only their user knows. */
function withRivals(one: RunningService, all: readonly RunningService[]): RunningService {
  const rivals = all.filter(({ service, container }) => service === one.service && container.id !== one.container.id);
  if (rivals.length === 0) return one;
  const names = rivals.map(({ container }) => container.name).join(', ');
  const hint = `stop the one that is not needed: docker stop ${typed(one.container.name)}`;
  const rival = refusal('TWO_CONTAINERS', `${one.container.name}: this host runs ${names} of the same service`, hint);
  return { ...one, refusals: [rival, ...one.refusals] };
}
