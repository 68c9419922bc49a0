import { tmpdir } from 'node:os';
import { verifyControlPlane } from '../../api7/image-contract/verify-control-plane.ts';
import { verifyGateway } from '../../api7/image-contract/verify-gateway.ts';
import { dashboardImage, dpManagerImage, gatewayImage, pullOf } from '../../api7/images.ts';
import type { Service } from '../../api7/services.ts';
import { OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import type { Connection } from '../../core/host/connection.ts';
import { containerName } from '../../core/host/container-name.ts';
import type { ImageInspect } from '../../core/host/docker.ts';
import { ENDINGS } from '../../core/host/leftover-names.ts';
import { discard } from '../../docker/run-once.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { pullForRun } from '../../tasks/image/pull-image.ts';
import { RunPulls } from '../../tasks/image/run-pulls.ts';
import { LOCK_PATHS } from '../../transport/lock/fence.ts';
import { commandOn } from '../command-on.ts';
import type { Session } from '../session.ts';
import { HostTrials } from './host-trials.ts';
import type { ImageFacts, VerifiedImage } from './report.ts';

/** The host and the images of a trial. */
export interface TrialTarget {
  readonly host: string;
  readonly services: readonly Service[];
}

/** The results on one host. */
export interface Tried {
  readonly images: readonly VerifiedImage[];
  readonly errors: readonly ErrorInfo[];
}

/** Tries images on one host. Never throws: errors become errors of that host. */
export async function tryImages(
  inventory: Inventory,
  { hosts, clock, signal }: Pick<Session, 'hosts' | 'clock' | 'signal'>,
  { host, services }: TrialTarget,
  isHere: boolean,
): Promise<Tried> {
  const errors: ErrorInfo[] = [];
  const failed = (error: unknown): void => void errors.push(errorInfoOf(error, { host }));
  try {
    const connection = await hosts.get(host);
    if (!isHere) await discardEarlier(connection);
    const trials = new HostTrials(connection, {
      clock,
      signal,
      ...(isHere ? { directory: tmpdir(), ...ownFiles() } : { directory: LOCK_PATHS.run }),
    });
    const pulls = new RunPulls();
    const images = await Promise.all(
      services.map(async ({ name }): Promise<readonly VerifiedImage[]> => {
        try {
          return [await tryImage(inventory, { connection, trials, host, pulls }, name)];
        } catch (error) {
          failed(error);
          return [];
        }
      }),
    );
    const left = await trials.close();
    if (left.length > 0)
      failed(
        new OrchError('DOCKER_FAILED', `could not be removed: ${left.join(', ')}`, {
          hint: commandOn(inventory, ['lb', 'doctor', '--fix']),
        }),
      );
    return { images: images.flat(), errors };
  } catch (error) {
    failed(error);
    return { images: [], errors };
  }
}

/** Removes leftovers of an earlier verification, whose lock has ended. */
async function discardEarlier({ docker }: Connection): Promise<void> {
  const names = (await docker.containers()).flatMap(({ Names }) => Names.map(containerName));
  for (const name of names.filter((each) => each.endsWith(`-${ENDINGS.verify}`))) await discard(docker, name);
}

/** A user other than root cannot change the owner of files. */
const ownFiles = () => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return uid === 0 ? {} : { ownFiles: { mode: '0644', owner: uid, group: gid } };
};

const REFS = { dashboard: dashboardImage, dpManager: dpManagerImage, gateway: gatewayImage } as const;

interface On {
  readonly connection: Connection;
  readonly trials: HostTrials;
  readonly host: string;
  readonly pulls: RunPulls;
}

const QUIET = { warn: () => undefined, progress: () => undefined };

async function tryImage(
  { api7 }: Inventory,
  { connection, trials, host, pulls }: On,
  service: Service['name'],
): Promise<VerifiedImage> {
  const ref = REFS[service](api7);
  const { docker } = connection;
  if ((await docker.image(ref)) === null) {
    if (api7.package !== undefined)
      throw new OrchError('IMAGE_MISSING', `${ref} is not on ${host}, and is in a package`, {
        hint: 'load it there (docker load), or name a host on which api7-orch run install has loaded it: --on HOST',
      });
    await pullForRun(connection, { ref, ...pullOf(api7, ref) }, { pulls, report: QUIET });
  }
  const image = await docker.image(ref);
  if (image === null) throw new OrchError('IMAGE_MISSING', `${ref} is not on ${host}`);
  const trial = await trials.of(service, image);
  const findings =
    service === 'gateway'
      ? await verifyGateway(trial, api7.version)
      : await verifyControlPlane(trial, service, api7.version);
  const { ServerVersion: engine } = await docker.info();
  return { service, ref, host, engine, facts: factsOf(image), findings };
}

const factsOf = ({ Id, RepoDigests, Architecture, Config }: ImageInspect): ImageFacts => ({
  id: Id,
  digests: RepoDigests ?? [],
  architecture: Architecture,
  user: Config?.User ?? '',
  entrypoint: Config?.Entrypoint ?? [],
  cmd: Config?.Cmd ?? [],
  stopSignal: Config?.StopSignal ?? '',
  ports: Object.keys(Config?.ExposedPorts ?? {}),
  variables: (Config?.Env ?? []).map((entry) => entry.split('=')[0] ?? ''),
});
