import pLimit, { type LimitFunction } from 'p-limit';
import { imageParts } from '../../core/base/image-parts.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';

/** Default number of concurrent pulls. */
export const PULLS_AT_ONCE = 4;

/** Called when a tag's digest is fixed for the rest of the run. */
export type OnPin = (ref: string, digest: string) => void;

/** The image of a tag for a whole run; `null`: unknown, so each host gets the tag's image at the time of its pull. */
export type Pin = string | null;

/**
 * What the pulls of one run share: the number of concurrent pulls, each tag's digest, and image sizes. If a tag moves
 * during a run, all hosts still get the same image.
 *
 * @example const pin = await pullsOf(files).pin('api7/gateway:1', () => host.docker.digestOf('api7/gateway:1'), () =>
 *   false);
 */
export class RunPulls {
  /** Sizes in bytes of images that a host of this run has pulled. */
  readonly sizes = new Map<string, number>();
  onPin: OnPin = () => undefined;
  readonly #pins = new Map<string, Pin>();
  readonly #asking = new Map<string, Promise<Pin>>();
  readonly #resumed = new Set<string>();
  readonly #said = new Set<string>();
  #limit: LimitFunction | undefined;

  /** Takes the digests from the record of the resumed run. */
  resume(images: readonly string[]): void {
    for (const image of images) {
      const [, ref, digest] = /^([^@]+)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
      if (ref === undefined || digest === undefined || imageParts(ref).tag === undefined) continue;
      this.#pins.set(ref, digest);
      this.#resumed.add(ref);
    }
  }

  /** These references, each with its digest if known. */
  pinned(refs: readonly string[]): readonly string[] {
    return refs.map((ref) => {
      const pin = this.#pins.get(ref);
      return pin === undefined || pin === null ? ref : `${ref}@${pin}`;
    });
  }

  /** Whether this reference's digest comes from the resumed run. */
  isResumed(ref: string): boolean {
    return this.#resumed.has(ref);
  }

  /**
   * The digest of a tag, asked by the first host. If that fails, each host asks itself, and the first answer is used.
   *
   * @param isForAll whether an error would be the same for every host: then no other host asks
   */
  async pin(ref: string, ask: () => Promise<Pin>, isForAll: (error: unknown) => boolean): Promise<Pin> {
    const asking = this.#asking.get(ref);
    // No await before the first request: later callers must see it.
    if (asking !== undefined)
      await asking.catch((error: unknown) => {
        if (isForAll(error)) throw error;
      });
    const known = this.#pins.get(ref);
    if (known !== undefined) return known;
    const answer = ask().then((digest) => this.#settle(ref, digest));
    if (asking === undefined) this.#asking.set(ref, answer);
    return await answer;
  }

  /** Runs a pull once the number of concurrent pulls allows it. */
  limited<T>(atOnce: number, pull: () => Promise<T>): Promise<T> {
    this.#limit ??= pLimit(atOnce);
    return this.#limit(pull);
  }

  /** Reports a message once per run: it is the same for every host. */
  sayOnce(message: string, say: (message: string) => void): void {
    if (!this.#said.has(message)) say(message);
    this.#said.add(message);
  }

  #settle(ref: string, digest: Pin): Pin {
    const earlier = this.#pins.get(ref);
    if (earlier !== undefined) return earlier;
    this.#pins.set(ref, digest);
    if (digest !== null) this.onPin(ref, digest);
    return digest;
  }
}

const known = new WeakMap<LocalFiles, RunPulls>();

/** The pulls of the run that uses these files. */
export function pullsOf(files: LocalFiles): RunPulls {
  const pulls = known.get(files) ?? new RunPulls();
  known.set(files, pulls);
  return pulls;
}
