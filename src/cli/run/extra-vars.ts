import { OrchError } from '../../core/base/errors.ts';

/**
 * Parses the variables of `-e`: `key=value` gives a text, a JSON object any values. Later ones win.
 *
 * @throws OrchError EXTRA_VARS
 */
export function parseExtraVars(given: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...given.map(parseOne));
}

function parseOne(text: string): Readonly<Record<string, unknown>> {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new OrchError('EXTRA_VARS', `-e ${text}: not valid JSON`, {
        cause: error,
        hint: 'write -e key=value or -e \'{"key": value}\'',
      });
    }
  }
  const at = text.indexOf('=');
  if (at < 1) throw new OrchError('EXTRA_VARS', `-e ${text}: there is no "="`, { hint: 'write -e key=value' });
  return { [text.slice(0, at)]: text.slice(at + 1) };
}
