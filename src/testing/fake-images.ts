import { registryOf } from '../core/base/registry-of.ts';
import { reveal } from '../core/base/secret.ts';
import type { ImageInspect, RegistryLogin } from '../core/host/docker.ts';
import { pullRefused } from '../docker/pull.ts';

/** The ids of one image: of its configuration, and of its manifest. */
export interface FakeImageIds {
  readonly classic: string;
  readonly containerd: string;
}

/** The images of a fake engine, by the ids of its store. */
export class FakeImages {
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
    const tags = [...this.#tags].filter(([, tagged]) => tagged === id).map(([tag]) => tag);
    return { Id: id, RepoTags: tags, RepoDigests: [], Architecture: 'amd64', Config: { Env: this.#env } };
  }
}

/** Passwords by user, by the address of the registry. */
export type FakeLogins = Map<string, Readonly<Record<string, string>>>;

/** As a registry does that wants a login. @throws OrchError IMAGE_PULL_FAILED */
export function refuseLogin(logins: FakeLogins, ref: string, login: RegistryLogin | undefined): void {
  const users = logins.get(registryOf(ref));
  if (users === undefined) return;
  const right = login !== undefined && users[login.username] === reveal(login.password);
  if (!right) throw pullRefused(ref, `pull image ${ref}: unauthorized: authentication required`, login);
}
