import pLimit, { type LimitFunction } from 'p-limit';
import { imageParts } from '../../core/base/image-parts.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';

/** Pulls at once where nothing else is said. */
export const PULLS_AT_ONCE = 4;

/** Called when a tag gets the digest that it has for the rest of the run. */
export type OnPin = (ref: string, digest: string) => void;

/** The image that a tag names for a whole run; `null`: it is not known, so each host gets what the tag names when it pulls. */
export type Pin = string | null;

/**
 * What the pulls of one run share: how many there are at once, which digest a tag has for all hosts, and how large the images are. A
 * tag that is moved in the middle of a run gives no host another image than the rest.
 *
 * @example const pin = await pullsOf(files).pin('api7/gateway:1', () => host.docker.digestOf('api7/gateway:1'), () => false);
 */
export class RunPulls {
  /** Bytes of images that a host of this run has pulled. */
  readonly sizes = new Map<string, number>();
  onPin: OnPin = () => undefined;
  readonly #pins = new Map<string, Pin>();
  readonly #asking = new Map<string, Promise<Pin>>();
  readonly #resumed = new Set<string>();
  readonly #said = new Set<string>();
  #limit: LimitFunction | undefined;

  /** Takes over the digests of an earlier part of the run, as its record has them. */
  resume(images: readonly string[]): void {
    for (const image of images) {
      const [, ref, digest] = /^([^@]+)@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
      if (ref === undefined || digest === undefined || imageParts(ref).tag === undefined) continue;
      this.#pins.set(ref, digest);
      this.#resumed.add(ref);
    }
  }

  /** These references, each with its digest where that is known. */
  pinned(refs: readonly string[]): readonly string[] {
    return refs.map((ref) => {
      const pin = this.#pins.get(ref);
      return pin === undefined || pin === null ? ref : `${ref}@${pin}`;
    });
  }

  /** Whether the digest of this reference comes from an earlier part of the run. */
  isResumed(ref: string): boolean {
    return this.#resumed.has(ref);
  }

  /**
   * The digest of a tag: the answer to the first host that asks. After its failure each host asks by itself, and the first answer counts.
   *
   * @param isForAll whether an error would be that of any other host, too: it is not asked again
   */
  async pin(ref: string, ask: () => Promise<Pin>, isForAll: (error: unknown) => boolean): Promise<Pin> {
    const asking = this.#asking.get(ref);
    // Without a pause for the first one: the next one must see that it asks.
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

  /** Runs a pull, after others have ended if there are too many. */
  limited<T>(atOnce: number, pull: () => Promise<T>): Promise<T> {
    this.#limit ??= pLimit(atOnce);
    return this.#limit(pull);
  }

  /** The same for every host: it is said once in a run. */
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

/** The pulls of the run that has these files. */
export function pullsOf(files: LocalFiles): RunPulls {
  const pulls = known.get(files) ?? new RunPulls();
  known.set(files, pulls);
  return pulls;
}
