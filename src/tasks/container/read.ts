import { precomputeDigests, Secret } from '../../core/base/secret.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { freshContainer } from '../../core/host/leftover-names.ts';
import { NotYet } from '../../core/task/later.ts';
import { observedSpec } from '../../docker/spec.ts';
import { acceptedOn, canonicalId, type ImageLocal } from '../image/image-local.ts';
import { extrasOf } from './extras.ts';
import { rememberedBy } from './labels.ts';
import { refuseLogDriver } from './log-config.ts';
import { type ContainerParams, specOf } from './params.ts';
import { refusePaused } from './paused.ts';
import { type ContainerState, declaredEnv, managedMounts, specFields } from './state.ts';

/**
 * Reads a container, with the managed files as its own process sees them.
 *
 * @throws OrchError CONTAINER_PAUSED, LOG_DRIVER
 * @throws NotYet while its image's tag is missing on the host: whether it runs the image of the coming pull is unknown
 */
export async function readContainer(
  p: ContainerParams,
  host: Reader,
  image: ImageLocal,
): Promise<ContainerState | null> {
  return await containerState(p, host, image, host.docker.container(p.name));
}

/** The same of a container that the caller finds, whatever its name. */
export async function containerState(
  p: ContainerParams,
  host: Reader,
  image: ImageLocal,
  looking: Promise<ContainerInspect | null>,
): Promise<ContainerState | null> {
  const { docker } = host;
  const pulled = image.member === null;
  const secrets = Object.entries(p.env).flatMap(([name, value]) => (value instanceof Secret ? [{ name, value }] : []));
  const [found, leftover, tagged, { arch }] = await Promise.all([
    looking,
    docker.container(freshContainer(p.name)),
    pulled ? docker.image(image.ref) : null,
    host.facts(),
    precomputeDigests(secrets.map(({ value }) => value.reveal())),
    precomputeDigests(p.restartOn.flatMap((task) => (task.blocked === undefined ? task.bound.digestTexts() : []))),
  ]);
  await refuseLogDriver(p, found, docker);
  // A container that is being removed counts as missing.
  if (found === null || found.State.Status === 'removing') return null;
  refusePaused(p.name, found);
  if (pulled && tagged === null && found.Config.Image === image.ref) throw new NotYet(`image ${image.ref} is pulled`);
  const accepted = tagged === null ? (acceptedOn(image, arch) ?? []) : [tagged.Id];
  const observed = observedSpec(found);
  const declared = specOf(p);
  const remembered = rememberedBy(observed.labels);
  const [mounted] = await Promise.all([
    found.State.Pid > 0 ? seenFiles(p, host, found.State.Pid) : null,
    precomputeDigests(secrets.flatMap(({ name }) => observed.env[name] ?? [])),
  ]);
  return {
    ...specFields(observed, declared),
    image: canonicalId(image.id, accepted, found.Image),
    ref: observed.ref,
    env: declaredEnv(observed.env, declared.env, remembered.env),
    spec: remembered.spec,
    restartOn: remembered.restartOn,
    mounted,
    running: found.State.Running,
    leftover: leftover !== null,
    ...(await adopted(found, remembered.spec, p, host)),
  };
}

/** Replacing another tool's container loses settings that api7-orch never declares: each is a difference. */
async function adopted(
  found: ContainerInspect,
  spec: string | null,
  p: ContainerParams,
  { docker }: Reader,
): Promise<Pick<ContainerState, 'extras'>> {
  if (spec !== null) return {};
  const extras = extrasOf(found, await docker.image(found.Image), p);
  return extras.length === 0 ? {} : { extras: Object.fromEntries(extras.map((one) => [one, 'set'] as const)) };
}

/** A rename over a mounted file leaves the container with the old file: only its process's view shows that. */
async function seenFiles(p: ContainerParams, host: Reader, pid: number): Promise<Record<string, string>> {
  const targets = managedMounts(p).map(({ target }) => target);
  const digests = await Promise.all(targets.map((target) => host.sha256(`/proc/${pid}/root${target}`)));
  return Object.fromEntries(
    targets.flatMap((target, i): [string, string][] => {
      const digest = digests[i];
      return typeof digest === 'string' ? [[target, digest]] : [];
    }),
  );
}
