import { compareVersions } from './api-version.ts';
import type { Engine } from './engine.ts';

export interface StopOptions {
  readonly signal: string;
  readonly timeoutSeconds: number;
}

/** What must be known of a container to stop it. */
export interface Stoppable {
  readonly running: boolean;
  /** The container's own stop signal, when it has one. */
  readonly signal: string | undefined;
}

/** From this version on `stop` takes a signal. */
const STOP_WITH_SIGNAL = '1.42';

/** More than the Engine needs to notice that a process has ended. */
const GRACE_MS = 30_000;

const plain = (signal: string): string => signal.toUpperCase().replace(/^SIG/, '');

/**
 * Stops a container with a signal of our choice, on Engines of every age. An older one sends only the container's own
 * signal when stopping: ours is sent by `kill` then, and the stop that follows finds the process gone or ends it.
 */
export async function stopContainer(engine: Engine, name: string, now: Stoppable, options: StopOptions): Promise<void> {
  if (!now.running) return;
  const { signal, timeoutSeconds } = options;
  const doing = `stop container ${name}`;
  const limitMs = timeoutSeconds * 1000 + GRACE_MS;
  const fine = [304, 404];
  if (compareVersions(await engine.version(), STOP_WITH_SIGNAL) >= 0) {
    // `signal` is missing from the library's types; it passes query fields on as they are.
    const query: { t: number; signal?: string } = { t: timeoutSeconds, signal };
    await engine.change(doing, (api, abortSignal) => api.getContainer(name).stop({ ...query, abortSignal }), {
      fine,
      limitMs,
    });
    return;
  }
  const own = plain(now.signal ?? 'TERM') === plain(signal);
  if (!own) await signalAndWait(engine, name, options);
  const query = { t: own ? timeoutSeconds : 0 };
  await engine.change(doing, (api, abortSignal) => api.getContainer(name).stop({ ...query, abortSignal }), {
    fine,
    limitMs,
  });
}

async function signalAndWait(engine: Engine, name: string, { signal, timeoutSeconds }: StopOptions): Promise<void> {
  const doing = `send ${signal} to container ${name}`;
  // 409: it ended in the meantime.
  await engine.change(doing, (api, abortSignal) => api.getContainer(name).kill({ signal, abortSignal }), {
    fine: [404, 409],
  });
  const patience = AbortSignal.timeout(timeoutSeconds * 1000);
  const options = { condition: 'not-running' } as const;
  await engine.change(
    `wait for container ${name} to end`,
    async (api) => {
      try {
        await api.getContainer(name).wait({ ...options, abortSignal: patience });
      } catch (error) {
        // Its time is up: the stop that follows kills it.
        if (!patience.aborted) throw error;
      }
    },
    { fine: [404], limitMs: timeoutSeconds * 1000 + GRACE_MS },
  );
}
