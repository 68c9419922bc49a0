import type { ImageInspect } from '../core/host/docker.ts';

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
