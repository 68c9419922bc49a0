import { buffer } from 'node:stream/consumers';
import { OrchError } from '../core/base/errors.ts';
import { Collector } from '../core/bounds/collector.ts';
import { formatSize, LIMITS } from '../core/bounds/limits.ts';
import type { ContainerFile } from '../core/host/docker.ts';
import { callError } from './call.ts';
import type { Engine } from './engine.ts';
import { inPath, withQuery } from './request.ts';
import { UnreadableReply } from './unreadable-reply.ts';

const ANSWER_MS = 60_000;

/** Headers, and what fills up the last blocks. */
const AROUND = 64 * 1024;

/**
 * A file of a container by the Engine's archive: https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchive
 * A link is not followed, for it may lead anywhere.
 */
export async function containerFile(engine: Engine, name: string, path: string): Promise<ContainerFile | null> {
  const doing = `read ${path} of container ${name}`;
  const limit = LIMITS.containerFile.bytes;
  const archive = new Collector({ ...LIMITS.containerFile, bytes: limit + AROUND });
  let length = 0;
  const request = { method: 'GET', path: withQuery(`/containers/${inPath(name)}/archive`, { path }) } as const;
  const onData = (bytes: Buffer): void => {
    length += bytes.length;
    if (length > limit + AROUND) throw tooLarge(doing, limit);
    archive.add(bytes);
  };
  // 404: no such container, or nothing at that path.
  const reply = await engine.change(doing, request, { fine: [404], onData });
  if (reply === null) return null;
  try {
    return await onlyFile(archive.take());
  } catch (error) {
    throw callError(doing, new UnreadableReply(`not an archive of one file: ${String(error)}`), { limitMs: ANSWER_MS });
  }
}

const tooLarge = (doing: string, limit: number): OrchError =>
  new OrchError('FILE_TOO_LARGE', `${doing}: longer than ${formatSize(limit)}`, {
    hint: 'see what is at that path in the container: docker exec NAME ls -ld PATH',
  });

/** The first entry, if it is a file: the archive of a directory begins with the directory, that of a link is the link. */
async function onlyFile(bytes: Buffer): Promise<ContainerFile | null> {
  // Twenty files, loaded only for reads of containers.
  const { default: tar } = await import('tar-stream');
  const entries = tar.extract();
  entries.end(bytes);
  for await (const entry of entries) {
    const { type, mtime } = entry.header;
    if (type !== 'file' && type !== 'contiguous-file') return null;
    return { content: await buffer(entry), modifiedMs: mtime?.getTime() ?? 0 };
  }
  return null;
}
