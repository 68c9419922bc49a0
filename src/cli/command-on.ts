import { relative } from 'node:path';

/** A path for a command to copy: as an operator would type it in the current directory. */
export function typedPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near === '' || near.startsWith('..') ? file : near;
}
