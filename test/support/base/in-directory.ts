import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a temporary directory, and removes it when the work in it is over. */
export async function inDirectory<T>(use: (path: (name: string) => string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'api7-orch-'));
  try {
    return await use((name) => join(directory, name));
  } finally {
    await rm(directory, { recursive: true });
  }
}
