import { fitsGlob } from '../../core/base/glob.ts';

/**
 * Whether one of the patterns of ssh_config(5) or known_hosts fits and no `!` one does: of negated patterns alone nothing is
 * chosen. Brackets stand for themselves.
 */
export const fitsPatterns = (patterns: readonly string[], text: string): boolean =>
  !patterns.some((one) => one.startsWith('!') && fitsGlob(one.slice(1), text)) &&
  patterns.some((one) => !one.startsWith('!') && fitsGlob(one, text));
