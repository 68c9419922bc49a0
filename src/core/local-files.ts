/** The controller's own files, as a task type's `local` sees them. */
export interface LocalFiles {
  /** Hex digest of a file. Read once per run, however many hosts ask. @throws OrchError LOCAL_FILE_MISSING */
  sha256(path: string): Promise<string>;
  /** Bytes. @throws OrchError LOCAL_FILE_MISSING */
  size(path: string): Promise<number>;
  read(path: string): Promise<Buffer>;
  /** Members of a .tar.gz archive with their sizes, regular files only. @throws OrchError PACKAGE_DAMAGED */
  archive(path: string): Promise<Readonly<Record<string, number>>>;
  /** One member of a .tar.gz archive. */
  archiveMember(path: string, member: string): Promise<Buffer>;
}
