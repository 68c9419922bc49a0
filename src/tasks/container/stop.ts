import { z } from 'zod';
import { LONGEST_MS } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Connection } from '../../core/host/connection.ts';
import { containerName } from '../../core/host/container-name.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import type { Report } from '../../core/task/change.ts';

/** Exit code of a process that SIGKILL ended. */
const KILLED = 137;

/** What the Engine records of a process that ended with the machine, as in a power loss (moby/moby#45800). */
const LOST = 255;

/** A killed process leaves stale sockets in the container's file system, and its next start fails on them. */
export const wasKilled = ({ State }: ContainerInspect): boolean =>
  State.ExitCode === KILLED || State.ExitCode === LOST || State.OOMKilled || State.Status === 'dead';

/** A timer must be able to wait for it, with some slack. */
const LONGEST_STOP_SECONDS = Math.floor(LONGEST_MS / 1000) - 3600;

/** Stop settings of a container, as task parameters; absent ones are the container's own. */
export const stopFields = {
  stopSignal: z
    .string()
    .regex(/^SIG[A-Z0-9+-]+$/, { error: "must be a signal name such as 'SIGQUIT'" })
    .optional(),
  stopTimeoutSeconds: z.int().min(0).max(LONGEST_STOP_SECONDS).optional(),
};

/** How a container is to be stopped; what is left out is as it has it. */
export interface StopWish {
  readonly stopSignal?: string | undefined;
  readonly stopTimeoutSeconds?: number | undefined;
}

/**
 * Stops a container by its signal and waits for its process to end. Before stopping a running one it awaits
 * `report.aboutToStop`.
 *
 * @returns whether it had to be killed, which also gives a warning
 */
export async function stopGently(
  old: ContainerInspect,
  wish: StopWish,
  { docker }: Connection,
  report: Report,
): Promise<boolean> {
  const name = containerName(old.Name);
  const signal = wish.stopSignal ?? old.Config.StopSignal ?? 'SIGTERM';
  const timeoutSeconds = wish.stopTimeoutSeconds ?? old.Config.StopTimeout ?? 10;
  if (old.State.Running) await report.aboutToStop();
  await docker.stop(name, { signal, timeoutSeconds });
  if (!old.State.Running) return false;
  const killed = (await docker.container(name))?.State.ExitCode === KILLED;
  if (killed)
    report.warn(
      `container ${name} had not ended ${timeoutSeconds} s after ${signal} and was killed: in-flight requests were cut. Raise its stop timeout.`,
    );
  return killed;
}

/**
 * Fails for a container that does not run and that its restart policy does not start again.
 *
 * @throws OrchError CONTAINER_EXITED with the end of its log
 */
export async function refuseExited(name: string, { docker }: Connection): Promise<void> {
  const started = await docker.container(name);
  if (started === null || started.State.Running) return;
  throw new OrchError('CONTAINER_EXITED', `container ${name} ended at once with exit code ${started.State.ExitCode}`, {
    hint: `read its log on the host: docker logs ${name}`,
    details: await docker.logs(name, 20),
  });
}
