import { lastLines } from '../base/excerpt.ts';
import type { RunResult } from './connection.ts';

/** How a command ended that did not succeed, for a message. */
export const howItEnded = ({ code, signal }: Pick<RunResult, 'code' | 'signal'>): string =>
  code === null ? `was ended by signal ${signal ?? '(unknown)'}` : `ended with exit code ${code}`;

/** The last lines that it printed, of stderr if there are any. */
export const lastOutput = ({ stdout, stderr }: RunResult): string => lastLines(stderr.trim() === '' ? stdout : stderr);
