import type { z } from 'zod';

/** The controller's own files, for a task type's `local`. */
export interface LocalFiles {
  /** Hex digest of a file. Read once per run for all hosts. @throws OrchError LOCAL_FILE_MISSING */
  sha256(path: string): Promise<string>;
  /** Size in bytes. @throws OrchError LOCAL_FILE_MISSING */
  size(path: string): Promise<number>;
  read(path: string): Promise<Buffer>;
  /** Members of a .tar.gz archive with their sizes, regular files only. @throws OrchError PACKAGE_DAMAGED */
  archive(path: string): Promise<Readonly<Record<string, number>>>;
  /**
   * The result of `read` for one member of a .tar.gz archive; `read` gets its bytes as a stream. @throws OrchError
   * PACKAGE_LACKS, PACKAGE_DAMAGED
   */
  archiveMember<T>(path: string, member: string, read: (content: AsyncIterable<unknown>) => Promise<T>): Promise<T>;
  /**
   * The result of `find`, which must depend on the file alone. It may come from an earlier run if the file has not
   * changed. `name` identifies the question; change it when `find` computes the result in another way.
   *
   * @example await io.fact('/srv/p.tar.gz', 'first line', z.string(), async () => firstLine(await
   *   io.read('/srv/p.tar.gz')))
   */
  fact<T>(path: string, name: string, schema: z.ZodType<T>, find: () => Promise<T>): Promise<T>;
}
