import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a temporary directory, and removes it after the work in it. */
export async function inDirectory<T>(use: (path: (name: string) => string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'api7-orch-'));
  try {
    return await use((name) => join(directory, name));
  } finally {
    await rm(directory, { recursive: true });
  }
}
