import type { RunView } from '../run-view.ts';

/** Entries by host in the order of the run: plain objects would put numeric names first. */
export function byHost<Value>(
  { hosts }: Pick<RunView, 'hosts'>,
  values: Readonly<Record<string, Value>>,
): readonly (readonly [string, Value])[] {
  const ranks = new Map([...hosts.keys()].map((name, index) => [name, index]));
  const rank = (name: string): number => ranks.get(name) ?? ranks.size;
  return Object.entries(values).sort(([a], [b]) => rank(a) - rank(b));
}
