import { isConnectionLost, OrchError } from '../../core/base/errors.ts';
import { type ImageParts, imageParts } from '../../core/base/image-parts.ts';
import { registryOf } from '../../core/base/registry-of.ts';
import { formatSize } from '../../core/bounds/limits.ts';
import type { Connection, Reader } from '../../core/host/connection.ts';
import type { RegistryLogin } from '../../core/host/docker.ts';
import type { Report } from '../../core/task/change.ts';
import { SPACE_HINT } from '../../docker/pull-refused.ts';
import { hostLogin } from './host-login.ts';
import { imageRoot } from './image-root.ts';
import { type Pin, PULLS_AT_ONCE, type RunPulls } from './run-pulls.ts';

/** A mirror of a registry: `mirror.example.com:5000/hub`. */
interface Mirror {
  readonly prefix: string;
  readonly login?: RegistryLogin | undefined;
}

export interface PullRequest {
  readonly ref: string;
  /** Login of the reference's registry. Default: the host's own login, if any. */
  readonly login?: RegistryLogin | undefined;
  /** Tried in this order before the registry itself. */
  readonly mirrors?: readonly Mirror[] | undefined;
  /** Most concurrent pulls of the run. */
  readonly atOnce?: number | undefined;
}

/** A possible source of an image. */
interface Source {
  readonly repository: string;
  readonly registry: string;
  readonly login: RegistryLogin | undefined;
  /** Why the host's own configuration has no login. */
  readonly note: string | undefined;
}

/** Assumed size of an image that no host of the run has pulled yet: Engines do not know it before. */
const ASSUMED_BYTES = 1024 ** 3;

/** During a pull an image is on the disk packed and unpacked. */
const ROOM = 2;

/**
 * Pulls an image on a host: by the digest that its tag has in this run, from a mirror or its registry, once the number
 * of concurrent pulls allows it. Then tags it.
 *
 * @throws OrchError REGISTRY_DENIED, IMAGE_PULL_FAILED, DISK_FULL
 */
export async function pullForRun(
  host: Connection,
  request: PullRequest,
  { pulls, report }: { readonly pulls: RunPulls; readonly report: Pick<Report, 'warn' | 'progress'> },
): Promise<void> {
  const { ref, login, mirrors = [], atOnce = PULLS_AT_ONCE } = request;
  const parts = imageParts(ref);
  const say = (message: string): void => pulls.sayOnce(message, (text) => report.warn(text));
  const own = await sourceOf(host, parts.repository, login);
  const pull = (from: string, source: Source): Promise<void> =>
    pulls.limited(atOnce, async () => {
      await refuseFullDisk(host, ref, pulls.sizes.get(ref));
      report.progress('pulling');
      await withNote(source, () => host.docker.pull(from, source.login));
    });
  // A reference with a digest cannot be set on an image of another repository: mirrors do not help.
  if (parts.digest !== undefined) return await pull(ref, own);

  const copies = await Promise.all(mirrors.map((mirror) => mirrorOf(host, mirror, parts)));
  report.progress(`waiting for the digest of ${ref}`);
  const tag = parts.tag ?? 'latest';
  const digest = await pulls.pin(
    ref,
    () => digestFrom(host, { own, copies, tag }, { say, pull: () => pull(ref, own), ref }),
    // All hosts share the inventory's login: a wrong one is not tried on each, because that may lock the account.
    (error) => login !== undefined && error instanceof OrchError && error.code === 'REGISTRY_DENIED',
  );
  if (pulls.isResumed(ref)) await compareWithTag(host, { own, ref, digest }, say);
  if (digest === null) return await pull(ref, own);
  if (!(await hasDigest(host, ref, digest))) {
    report.progress(`waiting to pull ${ref}`);
    const from = await firstThatHas([...copies, own], (source) => pull(`${source.repository}@${digest}`, source), say);
    await host.docker.tag(`${from.repository}@${digest}`, ref);
  }
  const size = (await host.docker.image(ref))?.Size;
  if (size !== undefined) pulls.sizes.set(ref, size);
}

async function sourceOf(host: Reader, repository: string, login: RegistryLogin | undefined): Promise<Source> {
  const registry = registryOf(`${repository}:any`);
  const found = login === undefined ? await hostLogin(host, registry) : { login };
  return { repository, registry, login: found.login, note: 'note' in found ? found.note : undefined };
}

const mirrorOf = (host: Reader, { prefix, login }: Mirror, { path }: ImageParts): Promise<Source> =>
  sourceOf(host, `${prefix.replace(/\/+$/, '')}/${path}`, login);

/** Adds the note about the host's own login to a refusal. */
async function withNote<T>({ login, note }: Source, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (login !== undefined || note === undefined || !(error instanceof OrchError) || error.code !== 'REGISTRY_DENIED')
      throw error;
    throw new OrchError(error.code, error.message, { hint: `${error.hint}; ${note}`, cause: error.cause });
  }
}

/**
 * The digest of the tag in its registry; if that does not respond, in a mirror; else the digest of the pulled image.
 */
async function digestFrom(
  host: Connection,
  { own, copies, tag }: { readonly own: Source; readonly copies: readonly Source[]; readonly tag: string },
  by: { readonly ref: string; say(message: string): void; pull(): Promise<void> },
): Promise<Pin> {
  const answers = await Promise.allSettled(
    [own, ...copies].map((source) =>
      withNote(source, () => host.docker.digestOf(`${source.repository}:${tag}`, source.login)),
    ),
  );
  const [first, ...rest] = answers;
  if (first?.status === 'fulfilled') return first.value;
  const error: unknown = first?.reason;
  if (!(error instanceof OrchError) || isConnectionLost(error)) throw error;
  const at = rest.findIndex(({ status }) => status === 'fulfilled');
  const answer = rest[at];
  if (answer?.status === 'fulfilled') {
    by.say(
      `${by.ref} is the image that the mirror ${copies[at]?.registry} has; its own registry did not respond: ${error.message}`,
    );
    return answer.value;
  }
  // A further attempt would be refused too, or take as long again.
  if (error.code === 'REGISTRY_DENIED' || error.retryable) throw error;
  await by.pull();
  const pulled = (await host.docker.image(by.ref))?.RepoDigests?.find((name) => name.startsWith(`${own.repository}@`));
  by.say(
    pulled === undefined
      ? `the digest of ${by.ref} is unknown: each host gets the image that the tag names when it pulls`
      : `the registry cannot be asked for the digest of ${by.ref}; it is that of the image that ${host.name} has pulled`,
  );
  return pulled?.slice(own.repository.length + 1) ?? null;
}

/** Whether the image was pulled already, under its tag. */
async function hasDigest(host: Reader, ref: string, digest: string): Promise<boolean> {
  const found = await host.docker.image(ref);
  return found?.RepoDigests?.some((name) => name.endsWith(`@${digest}`)) ?? false;
}

async function compareWithTag(
  host: Reader,
  { own, ref, digest }: { readonly own: Source; readonly ref: string; readonly digest: Pin },
  say: (message: string) => void,
): Promise<void> {
  const now = await host.docker.digestOf(ref, own.login).catch((error: unknown) => {
    if (isConnectionLost(error)) throw error;
    return undefined;
  });
  if (now !== undefined && now !== digest)
    say(`${ref} names another image by now (${now}); this run continues with ${digest}`);
}

const MAY_BE_ELSEWHERE: ReadonlySet<unknown> = new Set(['IMAGE_PULL_FAILED', 'REGISTRY_DENIED', 'TIMED_OUT']);

/** The registry itself comes last: its error is the pull's error. */
async function firstThatHas(
  sources: readonly Source[],
  pull: (source: Source) => Promise<void>,
  say: (message: string) => void,
): Promise<Source> {
  for (const [i, source] of sources.entries()) {
    try {
      await pull(source);
      return source;
    } catch (error) {
      const isLast = i === sources.length - 1;
      if (isLast || !(error instanceof OrchError) || !MAY_BE_ELSEWHERE.has(error.code)) throw error;
      say(`the mirror ${source.registry} is passed over: ${error.message}`);
    }
  }
  throw new Error('an image without a registry');
}

/** @throws OrchError DISK_FULL */
async function refuseFullDisk(host: Reader, ref: string, size: number | undefined): Promise<void> {
  const path = await imageRoot(host);
  const free = await host.freeBytes(path);
  const needed = ROOM * (size ?? ASSUMED_BYTES);
  if (free >= needed) return;
  const why = size === undefined ? 'twice an assumed size, its own is unknown' : 'twice its size';
  throw new OrchError(
    'DISK_FULL',
    `pull image ${ref}: ${path} on ${host.name} has ${formatSize(free)} free, ${formatSize(needed)} are needed (${why})`,
    { hint: SPACE_HINT },
  );
}
