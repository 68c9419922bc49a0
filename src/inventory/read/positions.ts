import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE } from 'js-yaml';
import type { Path } from '../problem.ts';

/** 1-based, as in editors. */
export interface Position {
  readonly line: number;
  readonly col: number;
}

export interface Positions {
  /** Position of the value (or its key); of an absent one, the nearest enclosing key. */
  at(path: Path, which: 'key' | 'value'): Position;
  /** Whether the file has this path, with any value. */
  has(path: Path): boolean;
  /** A scalar as written in the file: `1.10` for the loaded number 1.1. */
  written(path: Path): string | undefined;
}

type Placed = { readonly at: Position };

/** Compares by the place in the file. */
export const byPosition = ({ at: a }: Placed, { at: b }: Placed): number => a.line - b.line || a.col - b.col;

type Frame =
  | { readonly kind: 'document' }
  | { readonly kind: 'sequence'; readonly path: Path; index: number }
  | { readonly kind: 'mapping'; readonly path: Path; key: string | undefined };

/**
 * Positions of everything in a YAML text, from the parser's own events. Aliased values are at the alias.
 *
 * @example positionsOf('a:\n  b: 1\n').at(['a', 'b'], 'value') // { line: 2, col: 6 }
 */
export function positionsOf(source: string): Positions {
  const values = new Map<string, number>();
  const keys = new Map<string, number>();
  const texts = new Map<string, string>();
  const stack: Frame[] = [];
  for (const event of parseEvents(source, {})) {
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      continue;
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      stack.push({ kind: 'document' });
      continue;
    }
    const path = place(event);
    if (event.type === EVENT_ID.SEQUENCE) stack.push({ kind: 'sequence', path: path ?? [], index: 0 });
    if (event.type === EVENT_ID.MAPPING) stack.push({ kind: 'mapping', path: path ?? [], key: undefined });
  }

  /** Records an event and returns the path of the value that it begins; a mapping's key begins none. */
  function place(event: Event): Path | undefined {
    const frame = stack.at(-1);
    const offset = offsetOf(event);
    if (frame?.kind === 'mapping' && frame.key === undefined) {
      frame.key = event.type === EVENT_ID.SCALAR ? getScalarValue(source, event) : '';
      keys.set(JSON.stringify([...frame.path, frame.key]), offset);
      return undefined;
    }
    const path = pathIn(frame);
    const id = JSON.stringify(path);
    if (offset >= 0) values.set(id, offset);
    if (event.type === EVENT_ID.SCALAR) texts.set(id, getScalarValue(source, event));
    return path;
  }

  const lines = lineStarts(source);
  return {
    has: (path) => values.has(JSON.stringify(path)) || keys.has(JSON.stringify(path)),
    written: (path) => texts.get(JSON.stringify(path)),
    at(path, which) {
      for (let length = path.length; length > 0; length--) {
        const id = JSON.stringify(path.slice(0, length));
        // A missing key is reported at the enclosing block's key, not at the block's first line.
        const exact = length === path.length && which === 'value' ? values.get(id) : undefined;
        const offset = exact ?? keys.get(id) ?? values.get(id);
        if (offset !== undefined) return positionAt(lines, offset);
      }
      return { line: 1, col: 1 };
    },
  };
}

function pathIn(frame: Frame | undefined): Path {
  if (frame === undefined || frame.kind === 'document') return [];
  if (frame.kind === 'sequence') return [...frame.path, frame.index++];
  const path = [...frame.path, frame.key ?? ''];
  frame.key = undefined;
  return path;
}

function offsetOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR: {
      if (event.tagStart >= 0) return event.tagStart;
      const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
      return quoted ? event.valueStart - 1 : event.valueStart;
    }
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start;
    default:
      return -1;
  }
}

function lineStarts(source: string): readonly number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function positionAt(lines: readonly number[], offset: number): Position {
  let line = 0;
  while (line + 1 < lines.length && (lines[line + 1] ?? 0) <= offset) line++;
  return { line: line + 1, col: offset - (lines[line] ?? 0) + 1 };
}
