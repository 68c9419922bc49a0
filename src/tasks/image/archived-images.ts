import { z } from 'zod';
import { jsonAs } from '../../core/base/attempt.ts';
import { sha256 } from '../../core/base/data.ts';
import { type TarFile, tarFiles } from './tar-files.ts';

/** An image in an archive from `docker save` or a builder: for one platform, or for several under one name. */
export interface ArchivedImage {
  readonly tags: readonly string[];
  /** Its id in api7-orch: of its only configuration, or of the index of its platforms. */
  readonly id: string;
  readonly platforms: readonly ArchivedPlatform[];
}

interface ArchivedPlatform {
  /** In the naming of images (`amd64`); `null` if unknown. */
  readonly architecture: string | null;
  /** Each id that an Engine of that platform may report; the one of Docker's classic image store first. */
  readonly accepted: readonly string[];
}

type Files = ReadonlyMap<string, TarFile>;

const dockerManifest = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).nullish() }),
);

const descriptor = z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).nullish() });

const ociDocument = z.object({ manifests: z.array(descriptor).nullish(), config: descriptor.nullish() });

const imageConfig = z.object({ architecture: z.string() });

/**
 * The images of an archive, in Docker's format or as an OCI layout, compressed or not.
 * https://github.com/moby/docker-image-spec, https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 *
 * @throws Error when it is damaged, or reading it would cost too much
 */
export async function archivedImages(archive: AsyncIterable<unknown>): Promise<readonly ArchivedImage[]> {
  const files = await tarFiles(archive);
  const listed = listedByOci(files);
  const docker = json(files.get('manifest.json'), dockerManifest) ?? [];
  const images = docker.flatMap((entry): ArchivedImage[] => {
    const config = files.get(entry.Config);
    if (config === undefined) return [];
    const same = listed.filter(({ leaves }) => leaves.some((leaf) => leaf.config === config.digest));
    const accepted = [
      config.digest,
      ...same.flatMap(({ lists, leaves }) => [
        ...lists,
        ...leaves.filter((leaf) => leaf.config === config.digest).map(({ digest }) => digest),
      ]),
      ...importedId(config, entry.Layers ?? [], files),
    ];
    const platform = { architecture: architectureOf(config), accepted: [...new Set(accepted)] };
    return [{ tags: entry.RepoTags ?? [], id: config.digest, platforms: [platform] }];
  });
  const known = new Set(images.flatMap(({ platforms }) => platforms.flatMap(({ accepted }) => accepted)));
  const others = listed.filter(({ leaves }) => !leaves.some(({ config }) => known.has(config)));
  return byName([...images, ...others.flatMap((entry) => imageOf(entry, files))]);
}

/**
 * Joins entries with the same names and different platforms: `docker save` writes an entry for each platform, and an
 * OCI layout may list them side by side.
 */
function byName(images: readonly ArchivedImage[]): readonly ArchivedImage[] {
  const merged: ArchivedImage[] = [];
  for (const image of images) {
    const at = merged.findIndex(
      ({ tags, platforms }) => sameNames(tags, image.tags) && disjoint(platforms, image.platforms),
    );
    const before = merged[at];
    if (before === undefined) merged.push(image);
    else merged[at] = severalPlatforms(image.tags, [...before.platforms, ...image.platforms]);
  }
  return merged;
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.includes(name));

const disjoint = (a: readonly ArchivedPlatform[], b: readonly ArchivedPlatform[]): boolean =>
  a.every(({ architecture }) => !b.some((other) => other.architecture === architecture));

/** Prefers an id that all platforms share, that of their index: the containerd image store reports it for each. */
function severalPlatforms(tags: readonly string[], platforms: readonly ArchivedPlatform[]): ArchivedImage {
  const [first, ...others] = platforms;
  const shared = first?.accepted.find((id) => others.every(({ accepted }) => accepted.includes(id)));
  return { tags, id: shared ?? first?.accepted[0] ?? '', platforms };
}

/** An entry of an OCI layout: an image for one platform, or an index of such. */
interface Listed {
  readonly tags: readonly string[];
  /** Digests of the listed index and of the ones below it: ids in the containerd image store. */
  readonly lists: readonly string[];
  readonly leaves: readonly Leaf[];
}

/** A manifest, which belongs to one platform. */
interface Leaf {
  readonly digest: string;
  /** Digest of its configuration. */
  readonly config: string;
}

const blob = (files: Files, digest: string): TarFile | undefined => files.get(`blobs/${digest.replace(':', '/')}`);

function listedByOci(files: Files): readonly Listed[] {
  return (json(files.get('index.json'), ociDocument)?.manifests ?? []).map(({ digest, annotations }) => {
    const names = [annotations?.['io.containerd.image.name'], annotations?.['org.opencontainers.image.ref.name']];
    const tags = names.flatMap((name) => (name?.includes(':') ? [name] : []));
    return { tags, ...below(files, digest) };
  });
}

/** Each document once: an index may list the same one many times, on every level. */
function below(files: Files, top: string): Pick<Listed, 'lists' | 'leaves'> {
  const lists: string[] = [];
  const leaves: Leaf[] = [];
  const seen = new Set([top]);
  for (const digest of seen) {
    const document = json(blob(files, digest), ociDocument);
    if (document?.config) leaves.push({ digest, config: document.config.digest });
    else lists.push(digest);
    for (const child of document?.manifests ?? []) seen.add(child.digest);
  }
  return { lists, leaves };
}

function imageOf({ tags, lists, leaves }: Listed, files: Files): readonly ArchivedImage[] {
  const platforms = leaves
    .map(({ digest, config }) => ({
      architecture: architectureOf(blob(files, config)),
      accepted: [...new Set([config, ...lists, digest])],
    }))
    // Builders store their attestations beside the platforms, under this platform name.
    .filter(({ architecture }) => architecture !== 'unknown');
  const [only, ...others] = platforms;
  if (only === undefined) return [];
  return [others.length === 0 ? { tags, id: only.accepted[0] ?? '', platforms } : severalPlatforms(tags, platforms)];
}

/**
 * The containerd image store's id for an image of the older format without a manifest: the digest of the manifest that
 * containerd writes on import, field for field.
 */
function importedId(config: TarFile, layers: readonly string[], files: Files): readonly string[] {
  const parts = layers.map((layer) => files.get(layer));
  if (files.has('index.json') || parts.includes(undefined)) return [];
  const entry = (mediaType: string, { digest, size }: TarFile) => ({ mediaType, digest, size });
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: entry('application/vnd.docker.container.image.v1+json', config),
    layers: parts.flatMap((layer) =>
      layer === undefined
        ? []
        : [entry(`application/vnd.docker.image.rootfs.diff.tar${layer.gzip ? '.gzip' : ''}`, layer)],
    ),
  };
  return [`sha256:${sha256(JSON.stringify(manifest))}`];
}

const architectureOf = (config: TarFile | undefined): string | null => json(config, imageConfig)?.architecture ?? null;

const json = <T extends z.ZodType>(file: TarFile | undefined, schema: T): z.output<T> | undefined =>
  file?.text === undefined ? undefined : jsonAs(schema, file.text);
