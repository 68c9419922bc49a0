import type { z } from 'zod';

/** The controller's own files, as a task type's `local` sees them. */
export interface LocalFiles {
  /** Hex digest of a file. Read once per run, however many hosts ask. @throws OrchError LOCAL_FILE_MISSING */
  sha256(path: string): Promise<string>;
  /** Bytes. @throws OrchError LOCAL_FILE_MISSING */
  size(path: string): Promise<number>;
  read(path: string): Promise<Buffer>;
  /** Members of a .tar.gz archive with their sizes, regular files only. @throws OrchError PACKAGE_DAMAGED */
  archive(path: string): Promise<Readonly<Record<string, number>>>;
  /** What `read` makes of one member of a .tar.gz archive, as its bytes stream by. @throws OrchError PACKAGE_LACKS, PACKAGE_DAMAGED */
  archiveMember<T>(path: string, member: string, read: (content: AsyncIterable<unknown>) => Promise<T>): Promise<T>;
  /**
   * What `find` finds out about a file and nothing else. It may be remembered from an earlier run as long as the file has
   * stayed the same; `name` says what was asked, and changes when the answer is made in another way.
   *
   * @example await io.fact('/srv/p.tar.gz', 'first line', z.string(), async () => firstLine(await io.read('/srv/p.tar.gz')))
   */
  fact<T>(path: string, name: string, schema: z.ZodType<T>, find: () => Promise<T>): Promise<T>;
}
