import { readFile } from 'node:fs/promises';
import type { Path, Problem } from '../problem.ts';
import { Tagged } from '../tagged.ts';
import { localPath } from './local-path.ts';

export interface TagSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that `!file` paths are relative to. */
  readonly dir: string;
  /** A scalar as the file writes it, to show what YAML made of a version number. */
  readonly written: (path: Path) => string | undefined;
}

/**
 * A copy of the tree in which every tag has its text, and what is wrong anywhere in the tree whatever the block: a
 * variable that is not set, a file that cannot be read, a version that YAML took for a number, an alias into itself.
 */
export async function readTags(
  tree: unknown,
  sources: TagSources,
): Promise<{ readonly tree: unknown; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const files = new Map<string, Promise<string>>();
  const read = (file: string): Promise<string> => {
    const text = files.get(file) ?? readFile(localPath(sources.dir, file), 'utf8');
    files.set(file, text);
    return text;
  };

  async function visit(value: unknown, path: Path, parents: readonly unknown[]): Promise<unknown> {
    if (value instanceof Tagged) {
      const { text, problem } = await textOf(value, sources.env, read);
      if (problem !== undefined) problems.push({ path, at: 'value', message: problem });
      return new Tagged(value.kind, value.argument, text);
    }
    const version = readAsNumber(value, path, sources.written(path));
    if (version !== undefined) problems.push({ path, at: 'value', message: version });
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
    const fields: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(value)) {
      if (key === '__proto__') problems.push({ path: [...path, key], at: 'key', message: 'this key is not allowed' });
      else fields[key] = await visit(field, [...path, key], inside);
    }
    return fields;
  }

  return { tree: await visit(tree, [], []), problems };
}

type TagText = { readonly text?: string; readonly problem?: string };

async function textOf(tag: Tagged, env: TagSources['env'], read: (file: string) => Promise<string>): Promise<TagText> {
  if (tag.argument === '')
    return { problem: `!${tag.kind} needs ${tag.kind === 'env' ? 'a variable name' : 'a path'}` };
  if (tag.kind === 'env') {
    const text = env[tag.argument];
    if (text === undefined) return { problem: `environment variable ${tag.argument} is not set` };
    return text === '' ? { problem: `environment variable ${tag.argument} is empty` } : { text };
  }
  try {
    // Editors of some systems put a byte order mark before the text.
    const text = (await read(tag.argument)).replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
    return text === '' ? { problem: `file ${tag.argument} is empty` } : { text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why =
      code === 'ENOENT' ? 'does not exist (paths are relative to the inventory file)' : `cannot be read: ${code}`;
    return { problem: `file ${tag.argument} ${why}` };
  }
}

/** `version: 1.10` is the number 1.1 to YAML. Refused for every key that holds a version, the user's own ones too. */
function readAsNumber(value: unknown, path: Path, written: string | undefined): string | undefined {
  const key = path.at(-1);
  if (typeof value !== 'number' || typeof key !== 'string' || !/(^|_)(version|tag)$/i.test(key)) return undefined;
  const text = written ?? String(value);
  return `version ${text} is not quoted, so YAML reads the number ${value}; write "${text}"`;
}
