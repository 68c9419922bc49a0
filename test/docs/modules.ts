import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type Block, blocksOf } from './pages.ts';

const root = new URL('../../.cache/', import.meta.url);

/** Blocks that are whole modules: they begin with an import. */
export const modulesOf = (page: string): readonly Block[] =>
  blocksOf(page).filter(({ language, code }) => language === 'ts' && code.startsWith('import '));

/** A folder below `.cache` for the modules of one test file, removed with it. */
export function moduleFolder(name: string) {
  const folder = new URL(`${name}/`, root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    path: folder.pathname,
    write(file: string, text: string): string {
      const { pathname } = new URL(file, folder);
      writeFileSync(pathname, text);
      return pathname;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The module's code for a file in such a folder: imports of a driver are written for `src/lb/NAME`. */
export const fromCache = ({ code }: Block): string =>
  code.replace(/from '\.\.\/(?!\.\.)/g, "from '../../src/lb/").replaceAll("from '../../core/", "from '../../src/core/");

/** The module of a page that contains `text`. */
export const moduleWith = (page: string, text: string): Block =>
  modulesOf(page).find(({ code }) => code.includes(text)) ?? expect.fail(`no module with ${text} on ${page}`);
