import { matchPattern, type PatternNames } from '../pattern.ts';
import type { Problem } from '../problem.ts';
import { CONTROLS } from '../schema/load-balancers.ts';
import { fieldsOf, textOf } from './loose.ts';

interface Pool {
  readonly name: string;
  readonly driver: string | undefined;
  /** What the pool is controlled by, such as a socket. Absent: its driver separates pools itself. */
  readonly by?: { readonly field: string; readonly value: string | undefined; readonly shared: boolean };
  readonly hosts: readonly string[];
  readonly members: readonly string[];
  readonly port: string;
}

/**
 * Pools that conflict: a drain for one pool would look like an external drain to the other, and two pools with one
 * file would overwrite each other.
 */
export function checkPools(file: ReadonlyMap<string, unknown>, names: PatternNames): readonly Problem[] {
  const problems: Problem[] = [];
  const earlier: Pool[] = [];
  for (const [name, value] of fieldsOf(file.get('load_balancers'))) {
    const fields = fieldsOf(value);
    const drain = fieldsOf(fields.get('drain'));
    if (drain.has('quiet') && [undefined, 'abort', 'hold'].includes(textOf(drain.get('on_timeout'))))
      problems.push({
        path: ['load_balancers', name, 'drain', 'quiet'],
        at: 'key',
        message: 'has an effect with "on_timeout: quit_tail" only',
      });
    const pool = poolOf(name, fields, names);
    for (const other of earlier) {
      const host = pool.hosts.find((each) => other.hosts.includes(each));
      if (host === undefined) continue;
      const member = pool.members.find((each) => other.members.includes(each));
      if (pool.by?.shared === false && sameControl(pool, other))
        problems.push({
          path: ['load_balancers', name, pool.by.field],
          at: 'value',
          message: `belongs to pool "${other.name}" on ${host} already; each pool needs one of its own`,
        });
      else if (member !== undefined && pool.port === other.port && clash(pool, other))
        problems.push({
          path: ['load_balancers', name, 'members'],
          at: 'value',
          message: `${member} is balanced on port ${pool.port} by ${host} in pool "${other.name}" already`,
        });
    }
    earlier.push(pool);
  }
  return problems;
}

/** Two processes of one kind on a host may serve the same members. */
const clash = (a: Pool, b: Pool): boolean => a.driver !== b.driver || sameControl(a, b);

const sameControl = (a: Pool, b: Pool): boolean =>
  a.driver === b.driver && a.by?.value !== undefined && a.by.value === b.by?.value;

function poolOf(name: string, fields: ReadonlyMap<string, unknown>, names: PatternNames): Pool {
  const matched = (field: string): readonly string[] => {
    const pattern = textOf(fields.get(field));
    try {
      return pattern === undefined ? [] : matchPattern(names, pattern);
    } catch {
      // A pattern without a match has its own check.
      return [];
    }
  };
  const driver = textOf(fields.get('driver'));
  const control = driver === undefined ? undefined : CONTROLS.get(driver);
  return {
    name,
    driver,
    ...(control === undefined
      ? {}
      : { by: { ...control, value: textOf(fields.get(control.field)) ?? control.byDefault } }),
    hosts: matched('hosts'),
    members: matched('members'),
    port: String(fields.get('port')),
  };
}
