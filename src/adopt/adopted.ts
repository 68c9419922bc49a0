import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import type { ContainerInspect } from '../core/host/docker.ts';
import type { Change, Report } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { See } from '../core/task/task.ts';
import { bindMount } from '../docker/spec.ts';
import { isOwn } from '../tasks/container/labels.ts';
import { containerParams } from '../tasks/container/params.ts';
import { refusePaused } from '../tasks/container/paused.ts';
import { containerState } from '../tasks/container/read.ts';
import type { ContainerState } from '../tasks/container/state.ts';
import { wantContainer } from '../tasks/container/want.ts';
import { bodyOf, writeContainer } from '../tasks/container/write.ts';
import { hidden } from '../tasks/container.ts';
import { type ImageLocal, localOfImage } from '../tasks/image/image-local.ts';
import { runningByHand } from './find-running.ts';
import { takeOver } from './phases/take-over.ts';
import { isUnderWay, PHASES, readAdoption, writeAdoption } from './record.ts';
import { mountsOf } from './running/mounts.ts';
import { shortName } from './running/words.ts';
import { targetFields } from './target.ts';

const params = z.strictObject({
  service: targetFields.service,
  /** The container as `container` takes it. */
  container: containerParams,
  /** Id of a gateway's instance, for the record. */
  uid: z.string().optional(),
});

type Params = z.output<typeof params>;

/** `phase` of a container that nothing was done about yet. */
const FOUND = 'found';

type AdoptedState = ContainerState & {
  /** Of the container that has the state. */
  readonly name: string;
  /** How far its adoption is; left out: there is nothing to adopt. */
  readonly phase?: string;
};

/**
 * A container as `container` makes it, in the place of one that runs the same service and was not made by api7-orch: the old one is
 * stopped and kept, phase by phase. With nothing to take over it is what `container` is.
 *
 * @throws OrchError ADOPTION_DIFFERS, ADOPTION_POLICY, and what `container` throws
 * @example yield adopted({ service: 'gateway', container: { name: 'api7-gateway', image, ports } });
 */
export const adopted = defineTask<
  typeof params,
  ImageLocal,
  AdoptedState,
  { readonly ref: string; readonly image: string }
>({
  kind: 'adopted',
  params,
  impact: 'node',
  claim: (p) => `container:${p.container.name}`,
  local: (p, io) => localOfImage(p.container.image, io),
  read,
  want,
  write,
  result: ({ ref, image }) => ({ ref, image }),
  hidden: (p, path) => hidden(p.container, path),
});

async function read(p: Params, host: Reader, image: ImageLocal): Promise<AdoptedState | null> {
  const { name } = p.container;
  const { found, phase } = await toAdopt(p, host);
  refusePaused(name, found);
  const looking = found === null ? host.docker.container(name) : Promise.resolve(withMounts(found));
  const state = await containerState(p.container, host, image, looking);
  return (
    state && { ...state, name: found === null ? name : shortName(found), ...(phase === undefined ? {} : { phase }) }
  );
}

interface ToAdopt {
  /** `null`: nothing is to be taken over, or the new one is in its place already. */
  readonly found: ContainerInspect | null;
  readonly phase?: string;
}

/** The record of an unfinished adoption is read first: its container may be stopped already. */
async function toAdopt({ service, container: { name } }: Params, host: Reader): Promise<ToAdopt> {
  const [record, there] = await Promise.all([readAdoption(service, host), host.docker.container(name)]);
  if (there !== null && isOwn(there)) return { found: null };
  if (isUnderWay(record)) {
    const old = await host.docker.container(record.old.id);
    if (old !== null) return { found: old, phase: record.phase };
  }
  const running = await runningByHand(service, [], host);
  const found = running === undefined ? null : await host.docker.container(running.container.id);
  return found === null ? { found } : { found, phase: FOUND };
}

/** What `-v` gave, as `--mount` gives it: a state knows only this form. */
function withMounts(found: ContainerInspect): ContainerInspect {
  const Mounts = mountsOf(found).binds.map(({ source, target, readOnly }) => bindMount(source, target, readOnly));
  return { ...found, HostConfig: { ...found.HostConfig, Binds: null, Mounts } };
}

function want(p: Params, now: AdoptedState | null, { see }: { readonly see: See }): AdoptedState {
  const wanted = wantContainer(p.container, now, see);
  const { name } = p.container;
  if (now?.phase === undefined) return { ...wanted, name };
  if (now.image !== wanted.image)
    throw new OrchError(
      'ADOPTION_DIFFERS',
      `container ${now.name} runs ${now.ref}, the inventory states ${wanted.ref}`,
      {
        hint: 'state the version and registry that run, adopt, and change the version after that',
      },
    );
  return { ...wanted, name, phase: 'started' };
}

async function write(
  p: Params,
  change: Change<AdoptedState>,
  host: Connection,
  _image: ImageLocal,
  report: Report,
): Promise<void> {
  const { service, container, uid } = p;
  const { found } = await toAdopt(p, host);
  if (found !== null) {
    const newSpec = await bodyOf(container, change, host);
    return await takeOver(
      { service, name: container.name, newSpec, uid: uid ?? null, stop: container },
      found,
      host,
      report,
    );
  }
  const record = await readAdoption(service, host);
  // The new one is in its place, or was removed: what is left of its adoption is to start it.
  if (isUnderWay(record) && PHASES.indexOf(record.phase) < PHASES.indexOf('started'))
    await writeAdoption(service, { ...record, phase: 'started' }, host);
  await writeContainer(container, change, host, report);
}
