import { redact } from './redact.ts';

/** More than any secret is long in any encoding: what is looked at beyond the cut. */
const MARGIN = 64 * 1024;

/** The end of what a host said, for an error. Secrets are masked before it is cut: half of one would not be found. */
export const lastChars = (text: string, most = 2000): string =>
  redact(text.slice(-(most + MARGIN)).trim()).slice(-most);

/** The beginning of what a host said. */
export const firstChars = (text: string, most: number): string =>
  redact(text.slice(0, most + MARGIN).trim()).slice(0, most);

/** The last lines of what a host said. */
export const lastLines = (text: string, most = 20): string =>
  redact(text.slice(-MARGIN).trimEnd()).split('\n').slice(-most).join('\n');
