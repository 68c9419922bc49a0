import { redact } from './redact.ts';

/** Longer than any encoded secret: this many characters beyond the cut are searched for secrets. */
const MARGIN = 64 * 1024;
const MOST = 2000;
const LINES = 20;

/** The end of a host's output, for an error. Secrets are masked before the cut: half a secret would not be found. */
export const lastChars = (text: string): string => redact(text.slice(-(MOST + MARGIN)).trim()).slice(-MOST);

/** The beginning of a host's output. */
export const firstChars = (text: string, most: number): string =>
  redact(text.slice(0, most + MARGIN).trim()).slice(0, most);

/** The last lines of a host's output. */
export const lastLines = (text: string): string =>
  redact(text.slice(-MARGIN).trimEnd()).split('\n').slice(-LINES).join('\n');
