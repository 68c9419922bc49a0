import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set<string>();

/**
 * Makes a directory for temporary files. It is removed after the last test of the test file, or at the end of a process that is not a
 * worker of Vitest. A module that several test files share makes it in a function: the next file may find the module loaded.
 * @param name what it is for; part of the path
 * @example temporaryDirectory('journal') // /tmp/api7-orch-journal-x5Tq0b
 */
export function temporaryDirectory(name: string, parent = tmpdir()): string {
  const directory = mkdtempSync(join(parent, `api7-orch-${name}-`));
  made.add(directory);
  return directory;
}

/** Removes some, or all that this process has made. */
export function removeTemporaryDirectories(directories: readonly string[] = [...made]): void {
  for (const directory of directories) {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    made.delete(directory);
  }
}

process.once('exit', () => removeTemporaryDirectories());
