import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import tar from 'tar-stream';

export type Files = Readonly<Record<string, string | Buffer>>;

export const digest = (content: string | Buffer): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** A .tar of these files; a value `-> target` becomes a symbolic link. */
export async function tarOf(files: Files): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(files)) {
    const link = typeof content === 'string' && content.startsWith('-> ') ? content.slice(3) : undefined;
    if (link === undefined) pack.entry({ name, mtime: new Date(0) }, Buffer.from(content));
    else pack.entry({ name, type: 'symlink', linkname: link, mtime: new Date(0) });
  }
  pack.finalize();
  return buffer(pack);
}

export const tarGzOf = async (files: Files): Promise<Buffer> => gzipSync(await tarOf(files));

/** An archive as a stream. */
export const streamOf = (archive: Buffer): Readable => Readable.from([archive], { objectMode: false });

export async function untarGz(archive: Buffer): Promise<Map<string, Buffer>> {
  const entries = tar.extract();
  entries.end(gunzipSync(archive));
  const files = new Map<string, Buffer>();
  for await (const entry of entries) {
    if (entry.header.type === 'file') files.set(entry.header.name, await buffer(entry));
    entry.resume();
  }
  return files;
}

export interface TestImage {
  readonly archive: Buffer;
  readonly config: string;
}

const configText = (marker: string, architecture: string): string =>
  JSON.stringify({ architecture, os: 'linux', config: { Labels: { marker } } });

/** The output of `docker save` of an Engine before 25: no manifest, and so no digest of one. */
export async function dockerArchive(
  tags: readonly string[],
  marker = tags.join(),
  architecture = 'amd64',
): Promise<TestImage> {
  const config = configText(marker, architecture);
  const name = `${digest(config).slice('sha256:'.length)}.json`;
  const layer = await tarOf({ marker });
  const manifest = JSON.stringify([{ Config: name, RepoTags: tags, Layers: ['aa/layer.tar', 'bb/layer.tar'] }]);
  const files = {
    'aa/layer.tar': layer,
    'bb/layer.tar': '-> ../aa/layer.tar',
    [name]: config,
    'manifest.json': manifest,
  };
  return { archive: await tarGzOf(files), config: digest(config) };
}

const blobName = (content: string): string => `blobs/${digest(content).replace(':', '/')}`;

/** The output of a newer one: an OCI layout with an index, and Docker's manifest.json beside it. */
export async function ociArchive(
  tag: string,
  options: { readonly marker?: string; readonly withDockerManifest?: boolean } = {},
): Promise<TestImage & { readonly manifest: string; readonly index: string }> {
  const { marker = tag, withDockerManifest = true } = options;
  const config = configText(marker, 'amd64');
  const layer = await tarOf({ marker });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: { digest: digest(config), size: config.length },
    layers: [{ digest: digest(layer) }],
  });
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: digest(manifest), size: manifest.length }] });
  const top = JSON.stringify({
    manifests: [{ digest: digest(index), annotations: { 'io.containerd.image.name': `docker.io/${tag}` } }],
  });
  const docker = JSON.stringify([{ Config: blobName(config), RepoTags: [tag], Layers: [] }]);
  return {
    archive: await tarOf({
      'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
      [blobName(config)]: config,
      [blobName(manifest)]: manifest,
      [blobName(index)]: index,
      'index.json': top,
      ...(withDockerManifest ? { 'manifest.json': docker } : {}),
    }),
    config: digest(config),
    manifest: digest(manifest),
    index: digest(index),
  };
}

/** The output of `docker save` for two platforms: an index of both, and an entry for each in manifest.json. */
export async function platformsArchive(
  tag: string,
  architectures: readonly string[],
  { withDockerManifest = true, nested = true, attested = false } = {},
): Promise<{
  readonly archive: Buffer;
  readonly index: string;
  readonly platforms: Readonly<Record<string, { readonly config: string; readonly manifest: string }>>;
}> {
  const blobs: Record<string, string> = {};
  const put = (document: unknown): string => {
    const content = typeof document === 'string' ? document : JSON.stringify(document);
    blobs[blobName(content)] = content;
    return digest(content);
  };
  const manifestOf = (architecture: string) => {
    const config = put(configText(tag, architecture));
    return { architecture, config, manifest: put({ schemaVersion: 2, config: { digest: config }, layers: [] }) };
  };
  const platforms = architectures.map(manifestOf);
  const listed = [...platforms, ...(attested ? [manifestOf('unknown')] : [])];
  const annotations = { 'io.containerd.image.name': `docker.io/${tag}` };
  const index = put({ schemaVersion: 2, manifests: listed.map(({ manifest }) => ({ digest: manifest })) });
  const top = nested
    ? [{ digest: index, annotations }]
    : listed.map(({ manifest }) => ({ digest: manifest, annotations }));
  const docker = platforms.map(({ config }) => ({
    Config: `blobs/${config.replace(':', '/')}`,
    RepoTags: [tag],
    Layers: [],
  }));
  return {
    archive: await tarOf({
      ...blobs,
      'index.json': JSON.stringify({ manifests: top }),
      ...(withDockerManifest ? { 'manifest.json': JSON.stringify(docker) } : {}),
    }),
    index,
    platforms: Object.fromEntries(platforms.map(({ architecture, ...ids }) => [architecture, ids])),
  };
}
