import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** The directories of the lab's caches and of its recipes. Absolute paths. */
export const paths = {
  root,
  cache: join(root, '.cache'),
  packages: join(root, '.cache/packages'),
  defaultLab: join(root, '.lab'),
  hostRecipe: join(import.meta.dirname, 'recipes/host'),
  standInRecipe: join(import.meta.dirname, 'recipes/stand-in'),
} as const;
