import { fitsGlob } from '../../core/base/glob.ts';

/**
 * Whether a text matches a pattern of ssh_config(5) or known_hosts, and no `!` pattern. Negated patterns alone match
 * nothing. Brackets are plain characters.
 */
export const fitsPatterns = (patterns: readonly string[], text: string): boolean =>
  !patterns.some((one) => one.startsWith('!') && fitsGlob(one.slice(1), text)) &&
  patterns.some((one) => !one.startsWith('!') && fitsGlob(one, text));
