import { z } from 'zod';
import { sha256 } from '../core/base/data.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { ContainerInspect } from '../core/host/docker.ts';
import { freshContainer } from '../core/host/leftover-names.ts';
import type { Report } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import { sameAgain } from '../docker/spec.ts';
import { refusePaused } from './container/paused.ts';
import { refuseExited, stopGently, wasKilled } from './container/stop.ts';
import { createdBeside } from './container/write.ts';
import { digestOfState, type KeptFile, type SeenState, versionOf } from './previous/record.ts';
import { noWayBack, wayBack } from './previous/way-back.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** Version to return to, by its image's tag. Default: the version before the last change. */
  to: z.string().min(1).optional(),
  /** Refuses another image: the service keeps data that a newer version may have migrated. */
  sameImage: z.boolean().default(false),
});

type Params = z.output<typeof params>;

/** The state that a container was created from. */
type Made = {
  /** Digest of image and settings; `null`: no container. */
  readonly container: string | null;
  /** Digest, mode and owner of each file. */
  readonly files: Readonly<Record<string, string>>;
  readonly running: boolean;
};

type Back = {
  readonly is: Made;
  readonly goal: Made;
  readonly version: string;
  /** A container under the temporary name exists. */
  readonly leftover: boolean;
};

/**
 * Returns a container to its previous version by the record on its host: the same image by id, the same settings and
 * files. Stops the failed container gently and removes it.
 *
 * @throws OrchError NO_WAY_BACK, CONTAINER_EXITED, CONTAINER_PAUSED, DOCKER_FAILED
 * @example yield goBack({ container: 'api7-gateway', to: '3.10.5' });
 */
export const goBack = defineTask<typeof params, void, Back, void>({
  kind: 'goBack',
  params,
  impact: 'node',
  claim: (p) => `container:${p.container}`,
  title: (p) => `${p.container} as it was before`,
  read: readBack,
  want: (_p, now) => now && { ...now, is: now.goal, leftover: false },
  write: (p, _change, host, _local, report) => write(p, host, report),
});

async function readBack(p: Params, host: Reader): Promise<Back> {
  const [found, leftover] = await Promise.all([
    host.docker.container(p.container),
    host.docker.container(freshContainer(p.container)),
  ]);
  refusePaused(p.container, found);
  const state = await goalOf(p, found, host);
  if (p.sameImage && found?.Image !== state.image)
    throw noWayBack(p.container, `it ran ${state.ref} before, and the database may have been migrated since`);
  const files = await Promise.all(state.files.map(async (file) => [file.path, await seen(file.path, host)] as const));
  return {
    is: {
      container: found === null ? null : digestOfContainer(found),
      files: Object.fromEntries(files),
      running: found?.State.Running === true,
    },
    goal: {
      container: digestOfState({ ...state, files: [] }),
      files: Object.fromEntries(state.files.map((file) => [file.path, asSeen(file)])),
      running: true,
    },
    version: state.ref,
    leftover: leftover !== null,
  };
}

/** The target state. A container that runs the version already stays as it is: the inventory decides its settings. */
async function goalOf(p: Params, found: ContainerInspect | null, host: Reader): Promise<SeenState> {
  const runs = found === null ? undefined : versionOf({ ref: found.Config.Image });
  if (found === null || p.to === undefined || runs !== p.to)
    return await wayBack(p.container, { to: p.to, runs }, host);
  return { image: found.Image, ref: found.Config.Image, body: sameAgain(found, found.Image), files: [] };
}

const digestOfContainer = (found: ContainerInspect): string =>
  digestOfState({ image: found.Image, ref: '', body: sameAgain(found, ''), files: [] });

async function seen(path: string, host: Reader): Promise<string> {
  const [stat, digest] = await Promise.all([host.stat(path), host.sha256(path)]);
  return stat === null || digest === null ? 'absent' : `${digest} ${stat.mode} ${stat.uid}:${stat.gid}`;
}

const asSeen = ({ content, mode, uid, gid }: KeptFile): string =>
  `${sha256(Buffer.from(content, 'base64'))} ${mode} ${uid}:${gid}`;

/** Files first, as in their own tasks: after an interruption at any point, the next run continues. */
async function write(p: Params, host: Connection, report: Report): Promise<void> {
  const { docker } = host;
  const old = await docker.container(p.container);
  const state = await goalOf(p, old, host);
  let written = false;
  for (const file of state.files) {
    const { path, content, mode, uid, gid } = file;
    if ((await seen(path, host)) === asSeen(file)) continue;
    written = true;
    await host.writeFile(path, Buffer.from(content, 'base64'), { mode, owner: uid, group: gid });
  }
  const fresh = freshContainer(p.container);
  await docker.remove(fresh);
  const isSame = old !== null && digestOfContainer(old) === digestOfState({ ...state, files: [] });
  if (old === null) await docker.create(p.container, await bodyOf(state, host));
  else if (!isSame || (!old.State.Running && wasKilled(old))) {
    const body = await bodyOf(state, host);
    await (written ? docker.create(fresh, body) : createdBeside(fresh, body, host));
    await stopGently(old, {}, host, report);
    await docker.remove(p.container);
    await docker.rename(fresh, p.container);
  }
  await docker.start(p.container);
  await refuseExited(p.container, host);
}

/** The reference may name another image by now. */
async function bodyOf({ body, image, ref }: SeenState, { docker }: Connection) {
  const tagged = await docker.image(ref);
  return { ...body, Image: tagged?.Id === image ? ref : image };
}
