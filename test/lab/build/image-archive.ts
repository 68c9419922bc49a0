import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { tarBytes } from './tar-bytes.ts';

const compress = promisify(gzip);

/** A layer with its digest and with the tar entry it becomes, compressed once for all archives that hold it. */
export interface ArchiveLayer {
  readonly diffId: string;
  readonly path: string;
  readonly member: Buffer;
}

/** Digests and compresses a layer's tar. */
export async function archiveLayer(tar: Buffer): Promise<ArchiveLayer> {
  const digest = sha256(tar);
  const path = `${digest}/layer.tar`;
  return { diffId: `sha256:${digest}`, path, member: await compress(await tarEntry(path, tar)) };
}

/**
 * An image as `docker save | gzip` writes it (docker image specification v1.2: a configuration, its layers and manifest.json),
 * from layers that were compressed before. A gzip file may consist of several members (RFC 1952, 2.2).
 * @example await imageArchive({ reference: 'api7/api7-ee-3-gateway:3.10.5', architecture: 'amd64', config: {}, layers })
 */
export async function imageArchive(image: {
  readonly reference: string;
  readonly architecture: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly layers: readonly ArchiveLayer[];
}): Promise<Buffer> {
  const created = '2026-01-01T00:00:00Z';
  const config = JSON.stringify({
    architecture: image.architecture,
    os: 'linux',
    created,
    config: image.config,
    rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.diffId) },
    history: image.layers.map(() => ({ created, created_by: 'api7-orch lab' })),
  });
  const name = `${sha256(config)}.json`;
  const manifest = [{ Config: name, RepoTags: [image.reference], Layers: image.layers.map((layer) => layer.path) }];
  const rest = Buffer.concat([
    await tarEntry(name, Buffer.from(config)),
    await tarEntry('manifest.json', Buffer.from(JSON.stringify(manifest))),
    Buffer.alloc(1024),
  ]);
  return Buffer.concat([...image.layers.map((layer) => layer.member), await compress(rest)]);
}

/** One entry of a tar file, header and padding included, without the end mark. */
async function tarEntry(name: string, content: Buffer): Promise<Buffer> {
  return (await tarBytes([{ name, content }])).subarray(0, -1024);
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
