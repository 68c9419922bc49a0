import { z } from 'zod';
import { sha256 } from '../../core/base/data.ts';
import { type TarFile, tarFiles } from './tar-files.ts';

/** An image inside of an archive that `docker save` or a builder wrote. */
export interface ArchivedImage {
  readonly tags: readonly string[];
  /** Digest of its configuration: its id in Docker's classic image store. */
  readonly id: string;
  /** Every id that an Engine may report for it, `id` among them. */
  readonly accepted: readonly string[];
  readonly architecture: string | null;
}

type Files = ReadonlyMap<string, TarFile>;

const dockerManifest = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).nullish() }),
);

const descriptor = z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).nullish() });

const ociDocument = z.object({ manifests: z.array(descriptor).nullish(), config: descriptor.nullish() });

const imageConfig = z.object({ architecture: z.string() });

/**
 * The images of an archive, in Docker's format or as an OCI layout, packed or not.
 * https://github.com/moby/docker-image-spec, https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function archivedImages(archive: Buffer): Promise<readonly ArchivedImage[]> {
  const files = await tarFiles(archive);
  const listed = listedByOci(files);
  const docker = json(files.get('manifest.json'), dockerManifest) ?? [];
  const images = docker.flatMap((entry): ArchivedImage[] => {
    const config = files.get(entry.Config);
    if (config === undefined) return [];
    const same = listed.filter(({ configs }) => configs.includes(config.digest));
    const accepted = [
      config.digest,
      ...same.flatMap(({ ids }) => ids),
      ...importedId(config, entry.Layers ?? [], files),
    ];
    return [
      {
        tags: entry.RepoTags ?? [],
        id: config.digest,
        accepted: [...new Set(accepted)],
        architecture: architectureOf(config),
      },
    ];
  });
  const known = new Set(images.map(({ id }) => id));
  const others = listed.filter(({ configs }) => !configs.some((config) => known.has(config)));
  return [...images, ...others.map((entry) => imageOf(entry, files))];
}

interface Listed {
  readonly tags: readonly string[];
  /** Digests of the listed document and of all manifests below it: ids in the containerd image store. */
  readonly ids: readonly string[];
  readonly configs: readonly string[];
}

const blob = (files: Files, digest: string): TarFile | undefined => files.get(`blobs/${digest.replace(':', '/')}`);

function listedByOci(files: Files): readonly Listed[] {
  return (json(files.get('index.json'), ociDocument)?.manifests ?? []).map(({ digest, annotations }) => {
    const names = [annotations?.['io.containerd.image.name'], annotations?.['org.opencontainers.image.ref.name']];
    return { tags: names.flatMap((name) => (name?.includes(':') ? [name] : [])), ...below(files, digest) };
  });
}

function below(files: Files, digest: string): Pick<Listed, 'ids' | 'configs'> {
  const document = json(blob(files, digest), ociDocument);
  const children = (document?.manifests ?? []).map((child) => below(files, child.digest));
  return {
    ids: [digest, ...children.flatMap(({ ids }) => ids)],
    configs: [...(document?.config ? [document.config.digest] : []), ...children.flatMap(({ configs }) => configs)],
  };
}

function imageOf({ tags, ids, configs }: Listed, files: Files): ArchivedImage {
  const [first] = configs;
  const accepted = [...new Set([...configs, ...ids])];
  return {
    tags,
    id: first ?? accepted[0] ?? '',
    accepted,
    architecture: first === undefined ? null : architectureOf(blob(files, first)),
  };
}

/**
 * The id that the containerd image store gives to an image of the older format, which holds no manifest: that of the
 * manifest which containerd writes on import, field for field.
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

function json<T extends z.ZodType>(file: TarFile | undefined, schema: T): z.output<T> | undefined {
  if (file?.text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(file.text)).data;
  } catch {
    return undefined;
  }
}
