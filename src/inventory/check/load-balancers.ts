import { OrchError } from '../../core/base/errors.ts';
import { didYouMean } from '../did-you-mean.ts';
import { matchPattern, type PatternNames } from '../pattern.ts';
import { PORTS } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { fieldsOf, textOf } from './loose.ts';

/** The names that the built-in playbooks look for. */
const WELL_KNOWN = ['gateways', 'dashboards', 'dp_managers'];

/** Ports of API7's members: only on these does a playbook see to it that balancers send them traffic. */
export const POOL_PORTS: readonly number[] = [PORTS.http, PORTS.https, PORTS.dashboard, PORTS.dpManager];

/** Patterns that match nothing, and what would leave members unverified without a word: a misspelt name, another port. */
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
    const port = String(fields.get('port'));
    const unserved: readonly Problem[] =
      !/^\d+$/.test(port) || POOL_PORTS.includes(Number(port))
        ? []
        : [
            {
              path: ['load_balancers', name, 'port'],
              at: 'value',
              message:
                'no playbook verifies members on this port; API7 serves on 9080 and 9443 (gateways), 17080 (dashboards), 17900 (dp_managers)',
            },
          ];
    return [...misspelt, ...unmatched, ...unserved];
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
