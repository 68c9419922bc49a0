import { reveal, Secret } from '../../core/base/secret.ts';
import { placeholder } from '../placeholder.ts';
import { free } from './fields.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Variables of a container. A tagged value is a secret if its name, its variable or its value indicates it, as under
 * `vars`.
 */
export const environment = (description: string, own: readonly string[]) =>
  free(description)
    .transform((fields, context) => {
      const values = Object.entries(fields).map(([name, value]): [string, string | Secret] => {
        const message = problem(name, value, own);
        if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
        return [name, value instanceof Secret ? value : String(value)];
      });
      return Object.fromEntries(values);
    })
    .meta({ description });

function problem(name: string, value: unknown, own: readonly string[]): string | undefined {
  if (!NAME.test(name)) return 'a variable is named by letters, digits and "_", and does not begin with a digit';
  if (own.includes(name)) return 'api7-orch sets this variable from api7.gateway; remove it';
  if (value instanceof Secret || typeof value === 'string')
    return reveal(value).includes('\0') ? 'must not contain a NUL character' : placeholder(reveal(value));
  return typeof value === 'number' || typeof value === 'boolean'
    ? `expected a text, but YAML reads this as a ${typeof value}; put it in quotes`
    : 'expected a text';
}
