import pLimit from 'p-limit';
import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';
import type { PackageLocal } from '../package/package-local.ts';
import { type ArchivedImage, archivedImages } from './archived-images.ts';

export interface FoundImage extends ArchivedImage {
  readonly member: string;
}

/** Reading an archive takes a whole processor core: one at a time. */
const reading = pLimit(1);

const archived = z.array(
  z.object({
    tags: z.array(z.string()),
    id: z.string(),
    platforms: z.array(z.object({ architecture: z.string().nullable(), accepted: z.array(z.string()) })),
  }),
);

type Archived = z.output<typeof archived>;

const known = new WeakMap<LocalFiles, Map<string, Promise<Archived>>>();

function imagesIn(io: LocalFiles, path: string, member: string): Promise<Archived> {
  const cache = known.get(io) ?? new Map<string, Promise<Archived>>();
  known.set(io, cache);
  const key = JSON.stringify([path, member]);
  // Increase the number whenever the ids of an image are computed in another way.
  const find = () => reading(() => io.archiveMember(path, member, (content) => open(path, member, content)));
  const images = cache.get(key) ?? io.fact(path, `images 2 ${member}`, archived, find);
  cache.set(key, images);
  return images;
}

async function open(path: string, member: string, content: AsyncIterable<unknown>): Promise<Archived> {
  try {
    return archived.parse(await archivedImages(content));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OrchError('PACKAGE_DAMAGED', `${member} in ${path} is not a usable image archive: ${why}`, {
      hint: 'copy or download the package again, and compare its checksum with the one it was published with',
      cause,
    });
  }
}

/** A reference in normalized form: without Docker Hub's name, with `latest`. */
export function normalRef(ref: string): string {
  const short = ref.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  return short.includes('@') || short.lastIndexOf(':') > short.lastIndexOf('/') ? short : `${short}:latest`;
}

/**
 * The image of a reference inside a package: in the named member, or in the one that its name and tag suggest
 * (`api7/gateway:1.2` in `…/gateway-1.2.tar.gz`), or in any member with that tag.
 *
 * @throws OrchError PACKAGE_LACKS naming the images of the package
 */
export async function findImage(
  io: LocalFiles,
  pkg: PackageLocal,
  ref: string,
  archive: string | undefined,
): Promise<FoundImage> {
  const archives = Object.keys(pkg.files).filter((name) => /\.(?:tar|tar\.gz|tgz)$/.test(name));
  const base = normalRef(ref).replace(/^.*\//, '').replace(':', '-');
  const named = archives.filter(
    (name) => name === archive || (archive === undefined && name.replace(/^.*\//, '').startsWith(`${base}.t`)),
  );
  for (const member of named) {
    const images = await imagesIn(io, pkg.from, member);
    const image = images.find(tagged(ref)) ?? (images.length === 1 ? images[0] : undefined);
    if (image !== undefined) return { ...image, member };
  }
  for (const member of archive === undefined ? archives : []) {
    const image = (await imagesIn(io, pkg.from, member)).find(tagged(ref));
    if (image !== undefined) return { ...image, member };
  }
  throw new OrchError(
    'PACKAGE_LACKS',
    `${pkg.from} holds no image ${ref}${archive === undefined ? '' : ` in ${archive}`}`,
    {
      hint: 'check that the package is of the wanted version and role',
      details: archives.length === 0 ? 'it holds no image archives' : `image archives in it: ${archives.join(', ')}`,
    },
  );
}

const tagged =
  (ref: string) =>
  ({ tags }: ArchivedImage): boolean =>
    tags.some((tag) => normalRef(tag) === normalRef(ref));
