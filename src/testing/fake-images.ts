import { imageParts } from '../core/base/image-parts.ts';
import { reveal } from '../core/base/secret.ts';
import type { ImageInspect, RegistryLogin } from '../core/host/docker.ts';
import { pullRefused } from '../docker/pull-refused.ts';

/** The ids of one image: of its configuration and of its manifest. */
export interface FakeImageIds {
  readonly classic: string;
  readonly containerd: string;
}

/** The images of a fake engine, by the ids of its store. */
export class FakeImages {
  /** Bytes of each. */
  size = 300e6;
  readonly #store: keyof FakeImageIds;
  readonly #env: readonly string[];
  readonly #tags = new Map<string, string>();
  readonly #images = new Set<string>();
  /** Images' configurations, by id. */
  readonly #configs = new Map<string, NonNullable<ImageInspect['Config']>>();

  constructor(store: keyof FakeImageIds, env: readonly string[]) {
    this.#store = store;
    this.#env = env;
  }

  /** Adds an image, under this reference if given. */
  add(ids: FakeImageIds, ref?: string): string {
    const id = ids[this.#store];
    this.#images.add(id);
    if (ref !== undefined) this.#tags.set(ref, id);
    return id;
  }

  /** Like `add`, and also known by its digest. */
  pull(ids: FakeImageIds, ref: string): void {
    const id = this.add(ids, ref);
    this.#tags.set(`${imageParts(ref).repository}@${ids.containerd}`, id);
  }

  tag(id: string, ref: string): void {
    this.#tags.set(ref, id);
  }

  untag(ref: string): boolean {
    return this.#tags.delete(ref);
  }

  configure(ref: string, config: NonNullable<ImageInspect['Config']>): void {
    this.#configs.set(this.idOf(ref) ?? ref, config);
  }

  idOf(ref: string): string | undefined {
    return this.#images.has(ref) ? ref : this.#tags.get(ref);
  }

  inspect(ref: string): ImageInspect | null {
    const id = this.idOf(ref);
    if (id === undefined) return null;
    const names = [...this.#tags].filter(([, named]) => named === id).map(([name]) => name);
    const RepoTags = names.filter((name) => !name.includes('@'));
    const RepoDigests = names.filter((name) => name.includes('@'));
    const Config = { Env: this.#env, ...this.#configs.get(id) };
    return { Id: id, RepoTags, RepoDigests, Size: this.size, Architecture: 'amd64', Config };
  }
}

/** Passwords by user, by the address of the registry. */
export type FakeLogins = Map<string, Readonly<Record<string, string>>>;

/** The registries of a fake Engine: images by reference, and accepted logins. */
interface FakeRegistries {
  readonly pullable: ReadonlyMap<string, FakeImageIds>;
  readonly logins: FakeLogins;
}

/** A registry's image for a reference. @throws OrchError REGISTRY_DENIED | IMAGE_PULL_FAILED */
export function inRegistry({ pullable, logins }: FakeRegistries, ref: string, login?: RegistryLogin): FakeImageIds {
  const { repository, registry, digest } = imageParts(ref);
  const doing = `pull image ${ref}`;
  const users = logins.get(registry);
  const isKnown = users === undefined || (login !== undefined && users[login.username] === reveal(login.password));
  if (!isKnown) throw pullRefused(ref, doing, 'unauthorized: authentication required', login);
  const byDigest = ([known, { containerd }]: readonly [string, FakeImageIds]): boolean =>
    containerd === digest && imageParts(known).repository === repository;
  const ids = pullable.get(ref) ?? [...pullable].find(byDigest)?.[1];
  if (ids === undefined) throw pullRefused(ref, doing, `manifest for ${ref} not found`, login);
  return ids;
}
