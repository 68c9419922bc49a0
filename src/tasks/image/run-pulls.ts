import pLimit, { type LimitFunction } from 'p-limit';
import { imageParts } from '../../core/base/image-parts.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';

/** Default number of concurrent pulls. */
export const PULLS_AT_ONCE = 4;

/** Called when a tag's digest is fixed for the rest of the run. */
export type OnPin = (ref: string, digest: string) => void;

/** An image that was on a host before the run, and stays. */
export interface KeptImage {
  readonly host: string;
  readonly ref: string;
  /** Digests of its pulls; empty for an image from an archive. */
  readonly digests: readonly string[];
}

/** Called once for each host and reference if the image differs from the pinned one. */
export type OnKept = (message: string, host: string) => void;

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
  onKept: OnKept = () => undefined;
  /** Images that stay, by reference and host. */
  readonly #kept = new Map<string, Map<string, KeptImage>>();
  readonly #warned = new Set<KeptImage>();
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

  /** Records an image that stays on a host. It is compared with the pinned one, which may be known only later. */
  keep(image: KeptImage): void {
    const byHost = this.#kept.get(image.ref) ?? new Map<string, KeptImage>();
    this.#kept.set(image.ref, byHost);
    if (byHost.has(image.host)) return;
    byHost.set(image.host, image);
    this.#compare(image);
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
    for (const image of this.#kept.get(ref)?.values() ?? []) this.#compare(image);
    return digest;
  }

  #compare(image: KeptImage): void {
    const { ref, host, digests } = image;
    const pin = this.#pins.get(ref);
    if (pin === undefined || pin === null || digests.includes(pin) || this.#warned.has(image)) return;
    this.#warned.add(image);
    const [own] = digests;
    const has = own === undefined ? 'an image without a registry digest' : short(own);
    const { repository } = imageParts(ref);
    this.onKept(
      `image ${ref}: ${host} keeps ${has}, other hosts of this run get ${short(pin)}; ` +
        `for the same image run there: docker pull ${repository}@${pin} && docker tag ${repository}@${pin} ${ref}, then run again`,
      host,
    );
  }
}

/** A digest, short enough to compare by eye. */
const short = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

const known = new WeakMap<LocalFiles, RunPulls>();

/** The pulls of the run that uses these files. */
export function pullsOf(files: LocalFiles): RunPulls {
  const pulls = known.get(files) ?? new RunPulls();
  known.set(files, pulls);
  return pulls;
}
