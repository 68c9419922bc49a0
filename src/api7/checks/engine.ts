import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import { versionAtLeast } from '../../core/base/version-at-least.ts';
import { formatSize } from '../../core/bounds/limits.ts';
import type { EngineInfo } from '../../core/host/docker.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import { imageRoot } from '../../tasks/image/image-root.ts';

const engine = z.strictObject({ atLeast: z.string() });

/**
 * Gate, one reading: the host has a Docker Engine that responds, in a supported version, and its containers see the
 * host's files under their real owner ids.
 *
 * @throws OrchError DOCKER_NOT_FOUND | DOCKER_DENIED | DOCKER_UNREACHABLE
 */
export const engineFits = defineGate<typeof engine, EngineInfo>({
  kind: 'engineFits',
  params: engine,
  look: (_p, host) => host.docker.info(),
  met: (p, info) => shortcoming(p, info) === undefined,
  unmet: (p, info) => shortcoming(p, info) ?? new OrchError('INTERNAL', 'the Engine has everything that is needed'),
});

function shortcoming({ atLeast }: z.output<typeof engine>, info: EngineInfo): OrchError | undefined {
  if (info.BuildahVersion !== undefined)
    return new OrchError('DOCKER_IS_PODMAN', `Podman ${info.ServerVersion} answers on the Docker socket`, {
      hint: 'install Docker Engine; before that: systemctl disable --now podman.socket, and remove podman-docker',
    });
  if (!versionAtLeast(info.ServerVersion, atLeast))
    return new OrchError('DOCKER_TOO_OLD', `Docker Engine ${info.ServerVersion} is older than ${atLeast}`, {
      hint: "upgrade it from Docker's own package repository",
    });
  const names = (info.SecurityOptions ?? []).map((option) => /(?:^|,)name=([^,]*)/.exec(option)?.[1]);
  if (names.includes('rootless'))
    return new OrchError('DOCKER_REMAPS_USERS', 'the Docker Engine is rootless: containers have other user ids', {
      hint: 'install the Engine as a system service: systemctl enable --now docker',
    });
  if (!names.includes('userns')) return undefined;
  return new OrchError(
    'DOCKER_REMAPS_USERS',
    'the Docker Engine remaps user ids (userns-remap): containers cannot read files of user 636',
    { hint: 'remove "userns-remap" from /etc/docker/daemon.json, then: systemctl restart docker' },
  );
}

const memory = z.strictObject({ bytes: z.int().min(0) });

/** Gate, one reading: the host has about as much memory as the vendor requires. It only warns. */
export const hasMemory = defineGate<typeof memory, number | undefined>({
  kind: 'hasMemory',
  params: memory,
  onTimeout: 'warn',
  look: async (_p, host) => (await host.docker.info()).MemTotal,
  met: ({ bytes }, total) => total === undefined || total >= bytes,
  unmet: (_p, total) =>
    new OrchError('MEMORY_LOW', `${formatSize(total ?? 0)} of memory; the vendor asks for 4 GB`, {
      hint: 'give the host more memory, or monitor the memory of its containers: docker stats',
    }),
});

const room = z.strictObject({ images: z.array(z.string()).min(1).readonly(), assumedBytes: z.int().min(0) });

type Room = { readonly path: string; readonly free: number; readonly needed: number };

/**
 * Gate, one reading: the Engine's file system has room for each of these images twice, so that an upgrade fits beside
 * the running version. An existing image has used its room once; a missing one gets an assumed size.
 */
export const roomForImages = defineGate<typeof room, Room>({
  kind: 'roomForImages',
  params: room,
  async look({ images, assumedBytes }, host) {
    // A host without an Engine fails at once: no other request may have begun by then.
    const asked = images.map((ref) => host.docker.image(ref));
    const [path, ...found] = await Promise.all([imageRoot(host), ...asked]);
    const needs = found.map((image) => (image === null ? 2 * assumedBytes : (image.Size ?? assumedBytes)));
    return { path, free: await host.freeBytes(path), needed: needs.reduce((sum, bytes) => sum + bytes, 0) };
  },
  met: (_p, { free, needed }) => free >= needed,
  unmet: (_p, { path, free, needed }) =>
    new OrchError('DISK_FULL', `${formatSize(free)} free at ${path}, ${formatSize(needed)} needed for images`, {
      hint: `free space on the file system of ${path}: docker system df shows what takes it; or enlarge it`,
    }),
});
