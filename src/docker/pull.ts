import { OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import { registryOf } from '../core/base/registry-of.ts';
import { Collector } from '../core/bounds/collector.ts';
import { LIMITS } from '../core/bounds/limits.ts';
import type { RegistryLogin } from '../core/host/docker.ts';
import { callError } from './call.ts';
import type { Engine } from './engine.ts';
import { registryAuth } from './registry.ts';
import { parseReply, pullProgress } from './replies.ts';
import { withQuery } from './request.ts';
import { parseJson } from './unreadable-reply.ts';

/** Longest silence of a registry or of the line to it. */
const IDLE_MS = 5 * 60_000;

/** Characters of such an error that are shown. */
const ERROR_LIMIT = 4000;

/**
 * Makes an Engine pull an image, and waits for it.
 *
 * @throws OrchError IMAGE_PULL_FAILED in the registry's words, DISK_FULL, TIMED_OUT
 */
export async function pullImage(engine: Engine, ref: string, login?: RegistryLogin): Promise<void> {
  const doing = `pull image ${ref}`;
  const path = withQuery('/images/create', sourceOf(ref));
  const request = { method: 'POST', path, ...(login && { headers: registryAuth(login) }) } as const;
  const progress = new Progress(doing, (words) => pullRefused(ref, words, login));
  try {
    await engine.change(doing, request, {
      limitMs: LIMITS.dockerProgress.ms,
      idleMs: IDLE_MS,
      onData: (bytes) => progress.add(bytes),
    });
    progress.end();
  } catch (error) {
    const failed = callError(doing, error, { limitMs: LIMITS.dockerProgress.ms });
    if (['DOCKER_FAILED', 'IMAGE_MISSING'].includes(failed.code)) throw pullRefused(ref, failed.message, login);
    throw failed;
  }
}

function sourceOf(ref: string): { readonly fromImage: string; readonly tag: string } {
  const [, name, tag] = /^([^@]+)@(.+)$/.exec(ref) ?? /^(.+):([^:/]+)$/.exec(ref) ?? [];
  return name === undefined || tag === undefined ? { fromImage: ref, tag: 'latest' } : { fromImage: name, tag };
}

/** The lines of a pull's progress: JSON each. An error line ends the pull, though not the reply. */
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
    if (error !== undefined) throw this.#refused(`${this.#doing}: ${firstChars(error, ERROR_LIMIT)}`);
  }
}

/** How registries, and Engines for them, say that they do not know who asks. */
const UNAUTHORIZED =
  /unauthorized|authentication required|no basic auth credentials|incorrect username or password|pull access denied|\b40[13] (?:unauthorized|forbidden)|\bdenied\b/i;

/** A pull that a registry, or the Engine, refused. @example throw pullRefused('x:1', 'pull image x:1: unauthorized', undefined) */
export function pullRefused(ref: string, message: string, login: RegistryLogin | undefined): OrchError {
  if (UNAUTHORIZED.test(message)) return loginRefused(registryOf(ref), message, login);
  if (/no space left on device/i.test(message))
    return new OrchError('DISK_FULL', message, { hint: "free space on the file system of Docker's data root" });
  return new OrchError('IMAGE_PULL_FAILED', message, {
    hint: 'check the name and tag, and that the host reaches the registry and may read from it; or install from a package',
    retryable: /timeout|timed out|connection re(?:set|fused)|temporar|EOF|no such host|server misbehaving/i.test(
      message,
    ),
  });
}

/** A registry says "denied" of an image that is not there, too, so as not to tell which there are. */
function loginRefused(address: string, message: string, login: RegistryLogin | undefined): OrchError {
  if (login === undefined)
    return new OrchError('IMAGE_PULL_FAILED', `${message} (no login for ${address} was given)`, {
      hint: `add the login of ${address} to api7.registries in the inventory, and check the name and tag; or install from a package`,
    });
  return new OrchError('IMAGE_PULL_FAILED', `${message} (${address} refused the login of ${login.username})`, {
    hint: `correct username and password of ${address} under api7.registries in the inventory, and check the name and tag and that this user may read it`,
  });
}
