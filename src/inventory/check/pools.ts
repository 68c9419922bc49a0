import { matchPattern, type PatternNames } from '../pattern.ts';
import type { Problem } from '../problem.ts';
import { fieldsOf, textOf } from './loose.ts';

interface Pool {
  readonly name: string;
  readonly driver: string | undefined;
  /** Identifies the balancer's control interface: two pools may share a host, but not this. */
  readonly by: string | undefined;
  readonly hosts: readonly string[];
  readonly members: readonly string[];
  readonly port: string;
}

/**
 * Pools that conflict: a drain for one pool would look like an external drain to the other, and two pools with one
 * include file would overwrite each other.
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
      const sameFile = pool.driver === 'nginx' && other.driver === 'nginx' && pool.by === other.by;
      if (sameFile)
        problems.push({
          path: ['load_balancers', name, 'include'],
          at: 'value',
          message: `is the file of pool "${other.name}" on ${host} already; each upstream has one of its own`,
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

/** Two processes of one kind on a host may serve the same members; hooks separate pools themselves. */
function clash(a: Pool, b: Pool): boolean {
  return a.driver !== b.driver || (a.driver !== 'command' && a.by === b.by);
}

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
  return {
    name,
    driver: textOf(fields.get('driver')),
    by: textOf(fields.get('socket')) ?? textOf(fields.get('include')),
    hosts: matched('hosts'),
    members: matched('members'),
    port: String(fields.get('port')),
  };
}
