import type { Service } from '../../api7/services.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Connection } from '../../core/host/connection.ts';
import type { ContainerCreate, ContainerInspect } from '../../core/host/docker.ts';
import { freshContainer } from '../../core/host/leftover-names.ts';
import type { Report } from '../../core/task/change.ts';
import { refuseExited, type StopWish, stopGently } from '../../tasks/container/stop.ts';
import { keptName } from '../kept-name.ts';
import { type AdoptionRecord, isUnderWay, type Phase, readAdoption, writeAdoption } from '../record.ts';
import { isCreatedAgain } from '../running/created-again.ts';
import { nameTaken } from '../running/name-taken.ts';
import { shortName, typed } from '../running/words.ts';
import { freeName } from './free-name.ts';

export interface TakeOver {
  readonly service: Service['name'];
  /** Name of the new container. */
  readonly name: string;
  /** What it is created from. */
  readonly newSpec: ContainerCreate;
  readonly uid: string | null;
  /** How the old one is stopped. */
  readonly stop: StopWish;
}

const NO_RESTART = { Name: 'no' } as const;

/**
 * Replaces a container that api7-orch did not create, phase by phase. Each phase is recorded before its action. `found` is the present
 * state of the old container. A running one is taken over from the first phase, a stopped one from the phase that replaces it. Safe to
 * repeat after any interruption.
 *
 * @throws OrchError ADOPTION_REFUSED, ADOPTION_POLICY, PORT_TAKEN, IMAGE_MISSING, MOUNT_MISSING, CONTAINER_EXITED, DOCKER_FAILED
 */
export async function takeOver(
  plan: TakeOver,
  found: ContainerInspect,
  host: Connection,
  report: Report,
): Promise<void> {
  const [taken] = nameTaken(plan.service, await host.docker.container(plan.name), found.Id);
  if (taken !== undefined) throw new OrchError('ADOPTION_REFUSED', taken.message, { hint: taken.hint });
  const adoption = await Adoption.begin(plan, found, host);
  if (found.State.Running) await adoption.prepareAndStop(found, report);
  await adoption.replace();
}

class Adoption {
  readonly #plan: TakeOver;
  readonly #host: Connection;
  #record: AdoptionRecord;

  private constructor(plan: TakeOver, host: Connection, record: AdoptionRecord) {
    this.#plan = plan;
    this.#host = host;
    this.#record = record;
  }

  /** The record of an unfinished adoption of the same container is kept: its restart policy may have changed since. */
  static async begin(plan: TakeOver, found: ContainerInspect, host: Connection): Promise<Adoption> {
    const [before, { record: lock }] = await Promise.all([readAdoption(plan.service, host), host.lock.view()]);
    const known = isUnderWay(before) && before.old.id === found.Id ? before : undefined;
    const run = lock?.run ?? found.Id.slice(0, 12);
    const kept = known?.kept ?? (await freeName(keptName(plan.name, run), host));
    return new Adoption(plan, host, {
      v: 1,
      run: known?.run ?? run,
      phase: known?.phase ?? 'prepared',
      old: {
        ...(known?.old ?? {
          id: found.Id,
          name: shortName(found),
          policy: found.HostConfig.RestartPolicy,
          inspect: found,
        }),
        ...(found.State.Running ? {} : { exitCode: found.State.ExitCode }),
      },
      kept,
      uid: plan.uid,
      newSpec: plan.newSpec,
    });
  }

  /** Phases 4 to 6: up to here the old one runs. */
  async prepareAndStop(found: ContainerInspect, report: Report): Promise<void> {
    const { docker } = this.#host;
    const { id } = this.#record.old;
    await this.#enter('prepared');
    await this.#createFresh();
    await this.#enter('policy');
    await this.#endPolicy(id);
    await this.#enter('stopped');
    await stopGently(found, this.#plan.stop, this.#host, report);
    const stopped = await docker.container(id);
    if (stopped?.State.Running === true)
      throw new OrchError('ADOPTION_POLICY', `container ${shortName(found)} runs again after it was stopped`, {
        hint: 'find what starts it on the host, and end that; then run the same command again',
      });
    if (stopped !== null)
      this.#record = { ...this.#record, old: { ...this.#record.old, exitCode: stopped.State.ExitCode } };
  }

  /** Phases 7 and 8: nothing runs until the new one is started. */
  async replace(): Promise<void> {
    const { docker } = this.#host;
    const { name } = this.#plan;
    const { old, kept } = this.#record;
    await this.#enter('renamed');
    const found = await docker.container(old.id);
    // It may have been removed meanwhile: then there is nothing to keep.
    if (found !== null && !isNo(found)) await this.#endPolicy(old.id);
    if (found !== null && shortName(found) !== kept) await docker.rename(old.id, kept);
    const again = await docker.container(old.name);
    // Left by a way back that was broken off, and never started.
    if (again !== null && isCreatedAgain(again, old.id)) await docker.remove(again.Id, { keepVolumes: true });
    await this.#createFresh();
    await docker.rename(freshContainer(name), name);
    await this.#enter('started');
    await docker.start(name);
    await refuseExited(name, this.#host);
  }

  /** It is made again each time: one that waits since an earlier run may be of an earlier inventory. */
  async #createFresh(): Promise<void> {
    const { docker } = this.#host;
    const fresh = freshContainer(this.#plan.name);
    const [there, wanted] = [await docker.container(fresh), this.#record.newSpec];
    if (there !== null && isMadeFrom(there, wanted)) return;
    await docker.remove(fresh);
    await docker.create(fresh, wanted);
  }

  async #endPolicy(id: string): Promise<void> {
    const { docker } = this.#host;
    await docker.setRestartPolicy(id, NO_RESTART);
    const now = await docker.container(id);
    if (now === null || isNo(now)) return;
    const what = `container ${shortName(now)} keeps its restart policy ${now.HostConfig.RestartPolicy.Name}`;
    // What set it once will set it again.
    const hint = `find what sets it on the host, and end that; then ${typed('docker', 'update', '--restart', 'no', shortName(now))}`;
    throw new OrchError('ADOPTION_POLICY', what, { hint });
  }

  async #enter(phase: Phase): Promise<void> {
    this.#record = { ...this.#record, phase };
    await writeAdoption(this.#plan.service, this.#record, this.#host);
  }
}

const isNo = ({ HostConfig: { RestartPolicy } }: ContainerInspect): boolean =>
  RestartPolicy.Name === 'no' || RestartPolicy.Name === '';

/** By its labels, which hold digests of all that was declared. */
const isMadeFrom = ({ Config }: ContainerInspect, { Labels = {}, Image }: ContainerCreate): boolean =>
  Config.Image === Image && Object.entries(Labels).every(([label, value]) => Config.Labels?.[label] === value);
