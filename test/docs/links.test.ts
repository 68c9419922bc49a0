import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, expect, test } from 'vitest';
import { inlineCodeOf, PAGES, proseOf } from './pages.ts';

const root = new URL('../../', import.meta.url).pathname;

const linksOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^https?:/.test(link));

/** As GitHub derives the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

const resolved = (page: string, link: string): string => {
  const [path = ''] = link.split('#');
  return path === '' ? page : join(dirname(page), path);
};

describe.each(PAGES)('%s', (page) => {
  test('has one title, and a sentence below it', () => {
    const [title = '', blank, sentence = ''] = proseOf(page).split('\n');
    expect(title).toMatch(/^# /);
    expect(blank).toBe('');
    expect(sentence).toMatch(/^[A-Za-z\d]/);
    expect(proseOf(page).match(/^# /gm)).toHaveLength(1);
  });

  test('links to files and headings that exist', () => {
    const broken = linksOf(page).filter((link) => {
      const target = resolved(page, link);
      const [, anchor] = link.split('#');
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names paths of the project that exist', () => {
    const paths = inlineCodeOf(page).filter((code) =>
      /^(src|test|docs|scripts|bench|playbooks)\/[\w./*{},-]+$/.test(code),
    );
    const missing = paths.filter((path) => globSync(path, { cwd: root }).length === 0);
    // A decision compares with files that it removed.
    expect(missing.filter((path) => path !== 'src/transport/ssh-config*.ts')).toEqual([]);
  });
});

test('the README leads to every page', () => {
  const reached = new Set(['README.md', 'CHANGELOG.md']);
  const next = [...reached];
  for (let page = next.shift(); page !== undefined; page = next.shift())
    for (const link of linksOf(page)) {
      const target = resolved(page, link);
      const pages = target.endsWith('/') ? PAGES.filter((path) => path.startsWith(target)) : [target];
      for (const path of pages.filter((path) => PAGES.includes(path) && !reached.has(path))) {
        reached.add(path);
        next.push(path);
      }
    }
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});
