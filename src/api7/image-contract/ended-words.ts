import { firstChars } from '../../core/base/excerpt.ts';
import type { Ended } from './trial.ts';

const MOST = 200;

const COMPLAINT = /emerg|fatal|error|denied|cannot|not found/i;

/**
 * `exit code 1: config.yaml: Permission denied`: the code, and the last error that was printed, or else the last line.
 */
export function endedWords({ exitCode, log }: Ended): string {
  const lines = log.trim().split('\n');
  const last = (lines.findLast((line) => COMPLAINT.test(line)) ?? lines.at(-1) ?? '').trim();
  return `exit code ${exitCode}${last === '' ? '' : `: ${firstChars(last, MOST)}`}`;
}
