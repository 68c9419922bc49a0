import { CORE_SCHEMA, defineScalarTag, load, mergeTag, YAMLException } from 'js-yaml';
import { Tagged } from '../tagged.ts';
import type { Position } from './positions.ts';

const tag = (kind: 'env' | 'file') =>
  defineScalarTag(`!${kind}`, {
    resolve: (argument) => new Tagged(kind, argument.trim()),
    identify: () => false,
  });

const SCHEMA = CORE_SCHEMA.withTags(mergeTag, tag('env'), tag('file'));

export type YamlRead =
  | { readonly ok: true; readonly tree: unknown }
  | { readonly ok: false; readonly at: Position; readonly message: string };

/** Reads one YAML document with the inventory's tags; a syntax error is a result, for the caller knows the file's name. */
export function readYaml(source: string): YamlRead {
  try {
    return { ok: true, tree: load(source, { schema: SCHEMA }) };
  } catch (error) {
    // Only the reason: the exception's own message quotes the lines around, and those may hold a password.
    if (!(error instanceof YAMLException)) throw error;
    return {
      ok: false,
      at: { line: (error.mark?.line ?? 0) + 1, col: (error.mark?.column ?? 0) + 1 },
      message: explained(error.reason),
    };
  }
}

function explained(reason: string): string {
  const unknown = /^unknown (scalar|sequence|mapping) tag !<(.*)>$/.exec(reason);
  if (unknown?.[2] === '!env' || unknown?.[2] === '!file') return `${unknown[2]} takes one name, not a ${unknown[1]}`;
  if (unknown) return `unknown tag ${unknown[2]}; the inventory knows !env NAME and !file path`;
  if (/document.*empty|empty/.test(reason)) return 'the inventory is empty';
  if (/single document/.test(reason)) return 'the file holds more than one YAML document; keep one and drop the "---"';
  if (reason === 'duplicated mapping key') return 'this key is given twice in the same block';
  return `not valid YAML: ${reason}`;
}
