import { runInNewContext } from 'node:vm';
import { OrchError } from '../core/base/errors.ts';

const LONGEST = 200;
/** For all names together; a backtracking expression may take forever. */
const PATIENCE_MS = 500;

/**
 * Which of these names match a regular expression at their beginning, like `~` in an Ansible host pattern; a `$` at its
 * end requires the whole name.
 *
 * @throws OrchError PATTERN_INVALID when it is invalid, too long, or too slow
 * @example fitsRegex('gw-[13]$', ['gw-1', 'gw-10'])('gw-10') // false
 */
export function fitsRegex(source: string, names: readonly string[]): (name: string) => boolean {
  if (source === '') throw invalid(source, 'is empty');
  if (source.length > LONGEST) throw invalid(`${source.slice(0, 20)}…`, `has more than ${LONGEST} characters`);
  const fits = new Set(matched(source, names));
  return (name) => fits.has(name);
}

function matched(source: string, names: readonly string[]): readonly string[] {
  try {
    const regex = new RegExp(source, 'y');
    const begins = (name: string): boolean => {
      regex.lastIndex = 0;
      return regex.test(name);
    };
    // Only a virtual machine can interrupt an endless expression.
    return runInNewContext('names.filter(begins)', { names, begins }, { timeout: PATIENCE_MS });
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(source, `is not a regular expression (${whyOf(error)})`);
    // An error of another realm is no instance of this one's Error.
    if (Object(error).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw invalid(source, 'takes too long; no group with * or + inside another one');
    throw error;
  }
}

/** V8 writes `Invalid regular expression: /(/y: Unterminated group`. */
const whyOf = ({ message }: SyntaxError): string => message.slice(message.lastIndexOf(': ') + 2);

const invalid = (source: string, why: string): OrchError =>
  new OrchError('PATTERN_INVALID', `"~${source}" ${why}`, {
    hint: 'after ~ write a regular expression, for example ~gw-[13]$; "," and ":" only inside (?:…), […] and {…}',
  });
