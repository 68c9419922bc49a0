import { pack } from 'tar-stream';

export interface TarEntry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink';
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly linkname?: string;
  readonly content?: Buffer | string;
}

/**
 * A tar file in memory. Entries belong to root by default and have one fixed time, so that equal content has equal bytes.
 * @example await tarBytes([{ name: 'VERSION', content: '3.10.5\n' }])
 */
export async function tarBytes(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', mode = 0o644, uid = 0, gid = 0, ...rest } of entries) {
    tar.entry({ ...rest, mode, uid, gid, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return bytesOf(tar);
}

/** All of a stream of bytes. */
export async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}
