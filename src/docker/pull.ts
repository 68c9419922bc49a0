import { OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import { BoundedBytes } from './bounded-bytes.ts';
import { callError } from './call.ts';
import type { Engine } from './engine.ts';
import { parseReply, pullProgress } from './replies.ts';
import { withQuery } from './request.ts';
import { parseJson, UnreadableReply } from './unreadable-reply.ts';

/** A whole image over a slow line. */
const LIMIT_MS = 60 * 60_000;

/** Longest silence of a registry or of the line to it. */
const IDLE_MS = 5 * 60_000;

/** Bytes of one line of progress: an error may carry what a registry answered. */
const LINE_LIMIT = 256 * 1024;

/** Characters of such an error that are shown. */
const ERROR_LIMIT = 4000;

/** An hour of progress lines, ten a second, of a whole image of twenty layers is less than half of this. */
const PROGRESS_LIMIT = 256 * 1024 * 1024;

/**
 * Makes an Engine pull an image, and waits for it.
 *
 * @throws OrchError IMAGE_PULL_FAILED in the registry's words, DISK_FULL, TIMED_OUT
 */
export async function pullImage(engine: Engine, ref: string): Promise<void> {
  const doing = `pull image ${ref}`;
  const request = { method: 'POST', path: withQuery('/images/create', sourceOf(ref)) } as const;
  const progress = new Progress(doing);
  try {
    await engine.change(doing, request, { limitMs: LIMIT_MS, idleMs: IDLE_MS, onData: (bytes) => progress.add(bytes) });
    progress.end();
  } catch (error) {
    const failed = callError(doing, error, { limitMs: LIMIT_MS });
    if (['DOCKER_FAILED', 'IMAGE_MISSING'].includes(failed.code)) throw refused(failed.message);
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
  readonly #line = new BoundedBytes(LINE_LIMIT);
  #left = PROGRESS_LIMIT;

  constructor(doing: string) {
    this.#doing = doing;
  }

  add(bytes: Buffer): void {
    this.#left -= bytes.length;
    if (this.#left < 0) throw new UnreadableReply(`more than ${PROGRESS_LIMIT} bytes of progress`);
    let from = 0;
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', from)) {
      this.#line.add(bytes.subarray(from, end));
      this.end();
      from = end + 1;
    }
    this.#line.add(bytes.subarray(from));
  }

  end(): void {
    const line = this.#line.take();
    if (line.toString().trim() === '') return;
    const { error } = parseReply(pullProgress, parseJson(line), this.#doing);
    if (error !== undefined) throw refused(`${this.#doing}: ${firstChars(error, ERROR_LIMIT)}`);
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
