import { OrchError } from '../core/base/errors.ts';
import type { StopOptions } from '../core/host/docker.ts';
import { compareVersions } from './api-version.ts';
import type { Engine } from './engine.ts';
import { inPath, withQuery } from './request.ts';

/** What a stop needs to know of a container. */
export interface Stoppable {
  readonly running: boolean;
  /** The container's own stop signal, if it has one. */
  readonly signal: string | undefined;
}

/** From this version on, `stop` accepts a signal. */
const STOP_WITH_SIGNAL = '1.42';

/** Longer than the Engine needs to notice the end of a process. */
const GRACE_MS = 30_000;

const signalName = (signal: string): string => signal.toUpperCase().replace(/^SIG/, '');

/**
 * Stops a container with a given signal, on Engines of any version. An older Engine's `stop` sends only the container's
 * own signal. There `kill` sends the given one, and the following `stop` finds the process gone or ends it.
 */
export async function stopContainer(engine: Engine, name: string, now: Stoppable, options: StopOptions): Promise<void> {
  if (!now.running) return;
  const { signal, timeoutSeconds } = options;
  const doing = `stop container ${name}`;
  const limitMs = timeoutSeconds * 1000 + GRACE_MS;
  const fine = [304, 404];
  const stop = (query: { t: number; signal?: string }) =>
    engine.order(
      doing,
      { method: 'POST', path: withQuery(`/containers/${inPath(name)}/stop`, query) },
      { fine, limitMs },
    );
  if (compareVersions(await engine.version(), STOP_WITH_SIGNAL) >= 0) {
    await stop({ t: timeoutSeconds, signal });
    return;
  }
  const own = signalName(now.signal ?? 'TERM') === signalName(signal);
  if (!own) await signalAndWait(engine, name, options);
  await stop({ t: own ? timeoutSeconds : 0 });
}

async function signalAndWait(engine: Engine, name: string, { signal, timeoutSeconds }: StopOptions): Promise<void> {
  const order = (what: string, query: Record<string, string>) =>
    ({ method: 'POST', path: withQuery(`/containers/${inPath(name)}/${what}`, query) }) as const;
  // 409: it has ended meanwhile.
  await engine.order(`send ${signal} to container ${name}`, order('kill', { signal }), { fine: [404, 409] });
  try {
    const options = { fine: [404], limitMs: timeoutSeconds * 1000 };
    await engine.change(`wait for container ${name} to end`, order('wait', { condition: 'not-running' }), options);
  } catch (error) {
    // Its time is up: the following `stop` kills it.
    if (!(error instanceof OrchError) || error.code !== 'TIMED_OUT') throw error;
  }
}
