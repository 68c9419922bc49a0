import { HUB, isRegistryPart, registryOf } from './registry-of.ts';

/** The parts of an image reference. */
export interface ImageParts {
  readonly registry: string;
  /** Registry and path as written in the reference: `registry.example.com/team/gateway`. */
  readonly repository: string;
  /** The repository inside its registry: `team/gateway`; for Docker Hub's own images `library/busybox`. */
  readonly path: string;
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

/** @example imageParts('localhost:5000/a/b:1').path // 'a/b' */
export function imageParts(ref: string): ImageParts {
  const [, repository = ref, tag, digest] = /^(.+?)(?::([^:/@]+))?(?:@(.+))?$/.exec(ref) ?? [];
  const registry = registryOf(ref);
  const [first = '', ...rest] = repository.split('/');
  const inside = rest.length > 0 && isRegistryPart(first) ? rest.join('/') : repository;
  const path = registry === HUB && !inside.includes('/') ? `library/${inside}` : inside;
  return { registry, repository, path, tag, digest };
}
