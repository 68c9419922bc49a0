/**
 * Whether a Node error means that the file does not exist, also below a home that is no directory, such as /dev/null.
 */
export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
