import type { z } from 'zod';
import { suggestion } from '../did-you-mean.ts';
import type { Path, Problem } from '../problem.ts';
import { opened } from '../tagged.ts';

type Issue = z.core.$ZodIssue;

/**
 * zod's issues as problems with instructions. `tree` is the file's content: it distinguishes missing from wrong values.
 */
export function explain(issues: readonly Issue[], tree: unknown): readonly Problem[] {
  return issues.flatMap((issue): readonly Problem[] => {
    const path: Path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const found = opened(valueAt(tree, path));
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.message
          .split('\n')
          .map((message, index) => ({ path: [...path, issue.keys[index] ?? ''], at: 'key', message }));
      case 'invalid_key':
        return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
      case 'invalid_type':
        return [{ path, at: 'value', message: wrongType(issue.expected, found) }];
      case 'invalid_value':
        return [{ path, at: 'value', message: wrongChoice(issue.values.map(String), found) }];
      case 'invalid_union':
        return wrongUnion(issue, path, tree);
      case 'too_small':
      case 'too_big':
        return [{ path, at: 'value', message: wrongSize(issue) }];
      default:
        return [{ path, at: 'value', message: issue.message }];
    }
  });
}

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      value !== null && typeof value === 'object' && Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined,
    tree,
  );
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  int: 'a whole number',
  object: 'a block of keys',
  record: 'a block of keys',
  array: 'a list',
};

function wrongType(expected: string, found: unknown): string {
  const wanted = EXPECTED[expected] ?? expected;
  if (found === undefined) return 'required, but missing';
  if (found === null) return `no value given; expected ${wanted}`;
  const kind = Array.isArray(found) ? 'a list' : typeof found === 'object' ? 'a block of keys' : `a ${typeof found}`;
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean'))
    return `expected a text, but YAML reads this as a ${typeof found}; put it in quotes`;
  if (expected === 'number' && typeof found === 'string') return 'expected a number, not a text';
  return `expected ${wanted}, not ${kind}`;
}

function wrongChoice(choices: readonly string[], found: unknown): string {
  if (found === undefined) return `required, but missing; one of ${choices.join(', ')}`;
  if (typeof found !== 'string') return `must be one of ${choices.join(', ')}`;
  const near = suggestion(found, choices);
  return near.startsWith(';') ? `must be one of ${choices.join(', ')}${near}` : `must be one of ${choices.join(', ')}`;
}

/** A block or a word: reports the problems of the block if the value is one. */
function wrongUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, tree: unknown): readonly Problem[] {
  const inside = issue.errors.find((errors) =>
    errors.every(({ path: at, code }) => at.length > 0 || code === 'unrecognized_keys'),
  );
  const options = optionsOf(issue);
  if (inside !== undefined && options.length === 0)
    return explain(
      inside.map((one) => ({ ...one, path: [...issue.path, ...one.path] })),
      tree,
    );
  const found = opened(valueAt(tree, path));
  return [{ path, at: 'value', message: options.length === 0 ? issue.message : wrongChoice(options, found) }];
}

const optionsOf = (issue: Issue): readonly string[] =>
  'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];

function wrongSize(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
  return issue.code === 'too_small' ? `must be at least ${issue.minimum}` : `must be at most ${issue.maximum}`;
}
