import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { textOf } from './pages.ts';

const root = new URL('../../', import.meta.url);

/** The members that an interface declares, in its order. */
function membersIn(file: string, name: string): readonly string[] {
  const source = readFileSync(new URL(file, root), 'utf8');
  const [, body = ''] = new RegExp(`export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member);
}

/** The names in the first column of the tables in a part of a page: `local?(p, io)` is `local`. */
const firstColumn = (part: string): readonly string[] =>
  [...part.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)/g)].map(([, name = '']) => name),
  );

const sorted = (names: readonly string[]): readonly string[] => [...names].sort();

describe('tables of members', () => {
  const page = textOf('docs/writing-a-task-type.md');
  const [types = '', gates = ''] = page.split(/^## (?:Gates|Queries)$/m);
  const driver = textOf('docs/writing-a-driver.md');
  const [balancer = ''] = driver.slice(driver.indexOf('| member |')).split('\n\n');

  test.each([
    ['TaskType', 'src/core/task/task-type.ts', types.slice(types.indexOf('| member |'))],
    ['GateType', 'src/core/task/gate-type.ts', gates],
    ['Balancer', 'src/core/host/balancer.ts', balancer],
  ])('the page has a row for each member of %s', (name, file, part) => {
    expect(sorted(firstColumn(part))).toEqual(sorted(membersIn(file, name)));
  });
});

describe('docs/decisions/dependencies.md', () => {
  const page = textOf('docs/decisions/dependencies.md');
  const {
    dependencies,
    devDependencies,
  }: Record<'dependencies' | 'devDependencies', Record<string, string>> = JSON.parse(
    readFileSync(new URL('package.json', root), 'utf8'),
  );
  const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map(([, names = '', places = '']) => ({
    names,
    places,
  }));
  const rowOf = (name: string) => rows.find(({ names }) => new RegExp(`(^|[ (])${name}([ ,)]|$)`).test(names));

  test('has a row for each package', () => {
    const names = Object.keys({ ...dependencies, ...devDependencies }).map((name) =>
      name.startsWith('@types/') ? '@types/\\*' : name.replace('@biomejs/', ''),
    );
    expect(names.filter((name) => rowOf(name) === undefined)).toEqual([]);
  });

  test.each(Object.keys(dependencies))('names each place that imports %s', (name) => {
    const places = [...(rowOf(name)?.places ?? '').matchAll(/`(src\/[^`]+)`/g)].map(([, place = '']) => place);
    const uses = new RegExp(`from '${name}(?:/[^']*)?'|import\\('${name}`);
    const importing = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && uses.test(readFileSync(new URL(`src/${file}`, root), 'utf8')))
      .map((file) => `src/${file}`);
    expect(importing).not.toEqual([]);
    if (places.length === 0) return;
    expect(importing.filter((file) => !places.some((place) => file.startsWith(place)))).toEqual([]);
  });
});
