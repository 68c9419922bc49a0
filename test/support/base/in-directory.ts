import { join } from 'node:path';
import { removeTemporaryDirectories, temporaryDirectory } from './temporary-directory.ts';

/** Makes a temporary directory, and removes it right after the work in it. */
export async function inDirectory<T>(use: (path: (name: string) => string) => Promise<T>): Promise<T> {
  const directory = temporaryDirectory('work');
  try {
    return await use((name) => join(directory, name));
  } finally {
    removeTemporaryDirectories([directory]);
  }
}
