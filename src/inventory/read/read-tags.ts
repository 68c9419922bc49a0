import { readFile } from 'node:fs/promises';
import { codeOf } from '../../core/base/errors.ts';
import { readUtf8, type Utf8 } from '../../core/base/utf8.ts';
import { quotedTag } from '../placeholder.ts';
import type { Path, Problem } from '../problem.ts';
import { Tagged } from '../tagged.ts';
import { localPath } from './local-path.ts';

export interface TagSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Base directory of `!file` paths. */
  readonly dir: string;
  /** A scalar as written in the file, to show how YAML changed a version number. */
  readonly written: (path: Path) => string | undefined;
}

/** Aliases repeat their values: a few nested lines could expand beyond any machine's memory. */
const MOST_VALUES = 100_000;

/**
 * Copies the tree with each tag's text filled in, and collects problems of any block: an unset variable, an unreadable
 * file, a version that YAML took for a number, a quoted tag, an alias into itself, endless aliases. After the last one
 * the tree is incomplete.
 */
export async function readTags(
  tree: unknown,
  sources: TagSources,
): Promise<{ readonly tree: unknown; readonly problems: readonly Problem[]; readonly whole: boolean }> {
  const problems: Problem[] = [];
  let values = 0;
  const files = new Map<string, Promise<Utf8>>();
  const read = (file: string): Promise<Utf8> => {
    const text = files.get(file) ?? readFile(localPath(sources.dir, file)).then(readUtf8);
    files.set(file, text);
    return text;
  };

  async function visit(value: unknown, path: Path, parents: readonly unknown[]): Promise<unknown> {
    if (++values === MOST_VALUES) {
      const message = `the file comes to more than ${MOST_VALUES} values, counting what its aliases repeat; write fewer`;
      // Aliases may be nested hundreds of levels deep; the beginning of the path is enough.
      problems.push({ path: path.slice(0, 4), at: 'value', message });
    }
    if (values >= MOST_VALUES) return null;
    if (value instanceof Tagged) {
      const { text, problem } = await textOf(value, sources.env, read);
      if (problem !== undefined) problems.push({ path, at: 'value', message: problem });
      return new Tagged(value.kind, value.argument, text);
    }
    const message = readAsNumber(value, path, sources.written) ?? quotedTag(value);
    if (message !== undefined) problems.push({ path, at: 'value', message });
    if (value === null || typeof value !== 'object') return value;
    if (parents.includes(value)) {
      problems.push({ path, at: 'value', message: 'this alias points at a block that contains it' });
      return null;
    }
    const inside = [...parents, value];
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const [index, item] of value.entries()) items.push(await visit(item, [...path, index], inside));
      return items;
    }
    const fields = new Map<string, unknown>();
    for (const [key, field] of value instanceof Map ? value : []) {
      if (typeof key !== 'string') problems.push({ path, at: 'value', message: 'a key must be a text' });
      else if (key === '__proto__')
        problems.push({ path: [...path, key], at: 'key', message: 'this key is not allowed' });
      else fields.set(key, await visit(field, [...path, key], inside));
    }
    return fields;
  }

  return { tree: await visit(tree, [], []), problems, whole: values < MOST_VALUES };
}

type TagText = { readonly text?: string; readonly problem?: string };

async function textOf(tag: Tagged, env: TagSources['env'], read: (file: string) => Promise<Utf8>): Promise<TagText> {
  if (tag.argument === '')
    return { problem: `!${tag.kind} needs ${tag.kind === 'env' ? 'a variable name' : 'a path'}` };
  if (tag.kind === 'env') {
    const text = env[tag.argument];
    if (text === undefined) return { problem: `environment variable ${tag.argument} is not set` };
    return text === '' ? { problem: `environment variable ${tag.argument} is empty` } : { text };
  }
  try {
    const content = await read(tag.argument);
    if ('problem' in content) return { problem: `file ${tag.argument} ${content.problem}` };
    const text = content.text.replace(/\r?\n$/, '');
    return text === '' ? { problem: `file ${tag.argument} is empty` } : { text };
  } catch (error) {
    const code = codeOf(error) || 'unknown error';
    const why =
      code === 'ENOENT' ? 'does not exist (paths are relative to the inventory file)' : `cannot be read: ${code}`;
    return { problem: `file ${tag.argument} ${why}` };
  }
}

/** `version: 1.10` is the number 1.1 in YAML. Refused for every key with a version, also the user's own. */
function readAsNumber(value: unknown, path: Path, written: TagSources['written']): string | undefined {
  const key = path.at(-1);
  if (typeof value !== 'number' || typeof key !== 'string' || !/(^|_)(version|tag)$/i.test(key)) return undefined;
  const text = written(path) ?? String(value);
  return `version ${text} is not quoted, so YAML reads the number ${value}; write "${text}"`;
}
