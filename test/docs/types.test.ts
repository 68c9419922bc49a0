import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fromCache, moduleFolder, modulesOf } from './modules.ts';
import { PAGES, placeOf } from './pages.ts';

test('modules of the pages have no type errors', async () => {
  using folder = moduleFolder('docs-types');
  const modules = PAGES.flatMap(modulesOf);
  expect(modules.length).toBeGreaterThan(4);
  for (const [at, block] of modules.entries())
    folder.write(`${at}.ts`, `// ${placeOf(block)}\n${fromCache(block).replace(/\n*$/, '\n')}`);
  folder.write(
    'tsconfig.json',
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { noUnusedLocals: false },
      include: ['*.ts'],
      exclude: [],
    }),
  );
  const tsc = new URL('../../node_modules/.bin/tsc', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', folder.path]).catch(
    (error: { readonly stdout: string }) => error,
  );
  const named = stdout.replace(/^\S*?(\d+)\.ts\((\d+),/gm, (_, at: string, line: string) => {
    const block = modules[Number(at)];
    return block === undefined ? '' : `${block.page}:${block.line + Number(line) - 2} (`;
  });
  expect(named).toBe('');
}, 180_000);
