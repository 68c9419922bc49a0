/** Whether an error of node's says that there is no such file; nor is there below a home that is no directory, as /dev/null. */
export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
