import type { OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import { Collector } from '../core/bounds/collector.ts';
import { LIMITS } from '../core/bounds/limits.ts';
import type { RegistryLogin } from '../core/host/docker.ts';
import { callError } from './call.ts';
import type { Engine } from './engine.ts';
import { pullRefused } from './pull-refused.ts';
import { registryAuth } from './registry.ts';
import { parseReply, pullProgress } from './replies.ts';
import { withQuery } from './request.ts';
import { parseJson } from './unreadable-reply.ts';

/** Longest time without data from a registry. */
const IDLE_MS = 5 * 60_000;

/** Most printed characters of such an error. */
const ERROR_LIMIT = 4000;

/**
 * Makes an Engine pull an image, and waits for the end.
 *
 * @throws OrchError REGISTRY_DENIED | IMAGE_PULL_FAILED with the registry's message, DISK_FULL, TIMED_OUT
 */
export async function pullImage(engine: Engine, ref: string, login?: RegistryLogin): Promise<void> {
  const doing = `pull image ${ref}`;
  const path = withQuery('/images/create', sourceOf(ref));
  const request = { method: 'POST', path, ...(login && { headers: registryAuth(login) }) } as const;
  const progress = new Progress(doing, (words) => pullRefused(ref, doing, words, login));
  try {
    await engine.change(doing, request, {
      limitMs: LIMITS.dockerProgress.ms,
      idleMs: IDLE_MS,
      onData: (bytes) => progress.add(bytes),
    });
    progress.end();
  } catch (error) {
    const failed = callError(doing, error, { limitMs: LIMITS.dockerProgress.ms });
    if (['DOCKER_FAILED', 'IMAGE_MISSING'].includes(failed.code))
      throw pullRefused(ref, doing, failed.message.slice(`${doing}: `.length), login);
    throw failed;
  }
}

function sourceOf(ref: string): { readonly fromImage: string; readonly tag: string } {
  const [, name, tag] = /^([^@]+)@(.+)$/.exec(ref) ?? /^(.+):([^:/]+)$/.exec(ref) ?? [];
  return name === undefined || tag === undefined ? { fromImage: ref, tag: 'latest' } : { fromImage: name, tag };
}

/** The progress lines of a pull, one JSON object each. An error line ends the pull, though not the reply. */
class Progress {
  readonly #doing: string;
  readonly #refused: (words: string) => OrchError;
  readonly #line = new Collector(LIMITS.dockerProgress);

  constructor(doing: string, refused: (words: string) => OrchError) {
    this.#doing = doing;
    this.#refused = refused;
  }

  add(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', from)) {
      this.#line.add(bytes.subarray(from, end + 1));
      this.end();
      from = end + 1;
    }
    this.#line.add(bytes.subarray(from));
  }

  end(): void {
    const line = this.#line.take();
    if (line.toString().trim() === '') return;
    const { error } = parseReply(pullProgress, parseJson(line), this.#doing);
    if (error !== undefined) throw this.#refused(firstChars(error, ERROR_LIMIT));
  }
}
