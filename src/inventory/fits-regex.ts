import { runInNewContext } from 'node:vm';
import { OrchError } from '../core/base/errors.ts';

const LONGEST = 200;
/** For all names together; an expression that goes back and forth over them may take for ever. */
const PATIENCE_MS = 500;

/**
 * Which of these names begin with what a regular expression describes, as `~` has it in a host pattern of Ansible: `$` at its end
 * asks for the whole name.
 *
 * @throws OrchError PATTERN_INVALID when it is none, is too long, or takes too long
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
    // Nothing but a virtual machine ends an expression that does not come to an end.
    return runInNewContext('names.filter(begins)', { names, begins }, { timeout: PATIENCE_MS });
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(source, `is not a regular expression (${whyOf(error)})`);
    // An error of the other realm: it is no instance of this one's Error.
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
