import { OrchError } from '../core/errors.ts';
import { didYouMean } from './did-you-mean.ts';
import { fieldsOf, textOf } from './loose.ts';
import { matchPattern, type PatternNames } from './pattern.ts';
import type { Problem } from './problem.ts';

/** The names that the built-in playbooks look for. */
const WELL_KNOWN = ['gateways', 'dashboards', 'dp_managers'];

/** Patterns that match nothing, and a misspelt name, which would leave members unverified without a word. */
export function checkLoadBalancers(file: ReadonlyMap<string, unknown>, names: PatternNames): readonly Problem[] {
  const balancers = fieldsOf(file.get('load_balancers'));
  const missing = WELL_KNOWN.filter((name) => !balancers.has(name));
  return [...balancers].flatMap(([name, value]): readonly Problem[] => {
    const near = WELL_KNOWN.includes(name) ? undefined : didYouMean(name, missing);
    const misspelt: readonly Problem[] =
      near === undefined
        ? []
        : [
            {
              path: ['load_balancers', name],
              at: 'key',
              message: `no playbook looks for "${name}"; did you mean "${near}"?`,
            },
          ];
    const fields = fieldsOf(value);
    const unmatched = ['hosts', 'members'].flatMap((field): readonly Problem[] => {
      const pattern = textOf(fields.get(field));
      const message = pattern === undefined ? undefined : mismatch(names, pattern);
      return message === undefined ? [] : [{ path: ['load_balancers', name, field], at: 'value', message }];
    });
    return [...misspelt, ...unmatched];
  });
}

function mismatch(names: PatternNames, pattern: string): string | undefined {
  try {
    matchPattern(names, pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    return `${error.message}; ${error.hint}`;
  }
}
