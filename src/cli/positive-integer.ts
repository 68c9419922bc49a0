import { OrchError } from '../core/base/errors.ts';

/** A flag's value as a whole number above zero. @throws OrchError USAGE */
export function positiveInteger(flag: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new OrchError('USAGE', `${flag} takes a whole number above 0, not "${text}"`);
  return Number(text);
}
