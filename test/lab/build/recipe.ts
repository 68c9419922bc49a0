import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface RecipeFile {
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** All files below a directory in a fixed order, without files of editors and interpreters. */
export async function recipeFiles(directory: string): Promise<RecipeFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !/(\.pyc|~|\.swp)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      // Only the executable bit counts: a checkout's umask must not change the hash.
      const mode = ((await stat(path)).mode & 0o111) === 0 ? 0o644 : 0o755;
      return { name, content: await readFile(path), mode };
    }),
  );
}

/** Twelve hex digits that name a recipe: same files and same inputs, same tag. */
export function recipeHash(files: readonly RecipeFile[], ...inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.name}\0${file.mode}\0${file.content.length}\0`).update(file.content);
  for (const input of inputs) hash.update(`\0${input}`);
  return hash.digest('hex').slice(0, 12);
}
