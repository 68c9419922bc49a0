import { imageParts } from '../core/base/image-parts.ts';
import { registryOf } from '../core/base/registry-of.ts';
import { reveal } from '../core/base/secret.ts';
import type { ImageInspect, RegistryLogin } from '../core/host/docker.ts';
import { pullRefused } from '../docker/pull-refused.ts';

/** The ids of one image: of its configuration, and of its manifest. */
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

  constructor(store: keyof FakeImageIds, env: readonly string[]) {
    this.#store = store;
    this.#env = env;
  }

  /** The image is there, under this reference if one is given. */
  add(ids: FakeImageIds, ref?: string): string {
    const id = ids[this.#store];
    this.#images.add(id);
    if (ref !== undefined) this.#tags.set(ref, id);
    return id;
  }

  /** As `add`; it is known by its digest, too. */
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

  idOf(ref: string): string | undefined {
    return this.#images.has(ref) ? ref : this.#tags.get(ref);
  }

  inspect(ref: string): ImageInspect | null {
    const id = this.idOf(ref);
    if (id === undefined) return null;
    const names = [...this.#tags].filter(([, named]) => named === id).map(([name]) => name);
    const RepoTags = names.filter((name) => !name.includes('@'));
    const RepoDigests = names.filter((name) => name.includes('@'));
    return { Id: id, RepoTags, RepoDigests, Size: this.size, Architecture: 'amd64', Config: { Env: this.#env } };
  }
}

/** Passwords by user, by the address of the registry. */
export type FakeLogins = Map<string, Readonly<Record<string, string>>>;

/** As a registry does that wants a login. @throws OrchError REGISTRY_DENIED */
export function refuseLogin(logins: FakeLogins, ref: string, login: RegistryLogin | undefined): void {
  const users = logins.get(registryOf(ref));
  if (users === undefined) return;
  const right = login !== undefined && users[login.username] === reveal(login.password);
  if (!right) throw pullRefused(ref, `pull image ${ref}`, 'unauthorized: authentication required', login);
}
