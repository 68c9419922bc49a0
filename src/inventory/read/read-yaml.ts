import {
  CORE_SCHEMA,
  constructFromEvents,
  defineScalarTag,
  EVENT_ID,
  type Event,
  mergeTag,
  parseEvents,
  realMapTag,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml';
import { Tagged } from '../tagged.ts';
import type { Position } from './positions.ts';

const tag = (kind: 'env' | 'file') =>
  defineScalarTag(`!${kind}`, {
    resolve: (argument) => new Tagged(kind, argument.trim()),
    identify: (value) => value instanceof Tagged && value.kind === kind,
    represent: (value) => (value instanceof Tagged ? value.argument : ''),
  });

/** YAML with the inventory's tags, to read and to write. */
export const SCHEMA = CORE_SCHEMA.withTags(mergeTag, realMapTag, tag('env'), tag('file'));

export type YamlRead =
  | { readonly ok: true; readonly tree: unknown }
  | { readonly ok: false; readonly at: Position; readonly message: string };

/**
 * Reads one YAML document with the inventory's tags. Blocks are Maps: in a plain object, a host named `1207` would come
 * before hosts with other names. A syntax error is a result, because the caller knows the file's name.
 */
export function readYaml(source: string): YamlRead {
  try {
    const documents = constructFromEvents(keysAsWritten(source, parseEvents(source, {})), { source, schema: SCHEMA });
    if (documents.length === 1) return { ok: true, tree: documents[0] };
    const message =
      documents.length === 0
        ? 'the inventory is empty'
        : 'the file holds more than one YAML document; keep one and drop the "---"';
    return { ok: false, at: { line: 1, col: 1 }, message };
  } catch (error) {
    // Only the reason: the exception's own message quotes lines that may contain a password.
    if (!(error instanceof YAMLException)) throw error;
    return {
      ok: false,
      at: { line: (error.mark?.line ?? 0) + 1, col: (error.mark?.column ?? 0) + 1 },
      message: explained(error.reason),
    };
  }
}

/** Each key is read as if in quotes: YAML would read `0042` as the number 42 and lose its form. */
function keysAsWritten(source: string, events: readonly Event[]): Event[] {
  /** For each open collection: whether a key comes next; `undefined` in a list. */
  const keyNext: (boolean | undefined)[] = [];
  return events.map((event) => {
    if (event.type === EVENT_ID.POP) {
      keyNext.pop();
      return event;
    }
    const isKey = keyNext.at(-1) === true;
    if (keyNext.at(-1) !== undefined) keyNext[keyNext.length - 1] = !isKey;
    if (event.type === EVENT_ID.MAPPING) keyNext.push(true);
    else if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) keyNext.push(undefined);
    const isPlainName =
      isKey &&
      event.type === EVENT_ID.SCALAR &&
      event.style === SCALAR_STYLE.PLAIN &&
      event.tagStart < 0 &&
      source.slice(event.valueStart, event.valueEnd) !== '<<';
    return isPlainName ? { ...event, style: SCALAR_STYLE.SINGLE_QUOTED } : event;
  });
}

function explained(reason: string): string {
  const unknown = /^unknown (scalar|sequence|mapping) tag !<(.*)>$/.exec(reason);
  if (unknown?.[2] === '!env' || unknown?.[2] === '!file') return `${unknown[2]} takes one name, not a ${unknown[1]}`;
  if (unknown) return `unknown tag ${unknown[2]}; the inventory knows !env NAME and !file path`;
  if (reason === 'duplicated mapping key') return 'this key is given twice in the same block';
  return `not valid YAML: ${reason}`;
}
