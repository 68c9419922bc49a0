import { OrchError } from '../core/errors.ts';
import type { Engine } from './engine.ts';

/** A whole image over a slow line. */
const LIMIT_MS = 60 * 60_000;

/** Longest silence of a registry or of the line to it. */
const IDLE_MS = 5 * 60_000;

interface Progress {
  readonly error?: string;
}

/**
 * Makes an Engine pull an image, and waits for it.
 *
 * @throws OrchError IMAGE_PULL_FAILED in the registry's words, DISK_FULL, TIMED_OUT
 */
export async function pullImage(engine: Engine, ref: string): Promise<void> {
  const doing = `pull image ${ref}`;
  try {
    await engine.change(
      doing,
      async (api, limit) => {
        const idle = new AbortController();
        const stream = await api.pull(ref, { abortSignal: AbortSignal.any([limit, idle.signal]) });
        let timer = setTimeout(() => idle.abort(), IDLE_MS);
        await new Promise<void>((resolve, reject) => {
          api.modem.followProgress(
            stream,
            (error) => (error === null || error === undefined ? resolve() : reject(error)),
            // Each line of progress is a sign of life; an error line ends the pull but not the stream.
            (event: Progress) => {
              clearTimeout(timer);
              timer = setTimeout(() => idle.abort(), IDLE_MS);
              if (event.error !== undefined) reject(refused(`${doing}: ${event.error}`));
            },
          );
        }).finally(() => clearTimeout(timer));
      },
      { limitMs: LIMIT_MS },
    );
  } catch (error) {
    if (error instanceof OrchError && ['DOCKER_FAILED', 'IMAGE_MISSING'].includes(error.code))
      throw refused(error.message);
    throw error;
  }
}

function refused(message: string): OrchError {
  if (/no space left on device/i.test(message))
    return new OrchError('DISK_FULL', message, { hint: "free space on the file system of Docker's data root" });
  return new OrchError('IMAGE_PULL_FAILED', message, {
    hint: 'check the name and tag, and that the host reaches the registry and may read from it; or install from a package',
    retryable: /timeout|timed out|connection re(?:set|fused)|temporar|EOF|no such host|server misbehaving/i.test(
      message,
    ),
  });
}
