import { isUtf8 } from 'node:buffer';
import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';

/** A file's text for printing, or why it cannot be printed. `null`: no file. */
export type Observed = { readonly text: string } | { readonly unshown: string } | null;

export async function observedText(path: string, host: Reader): Promise<Observed> {
  try {
    const bytes = await host.read(path);
    if (bytes === null) return null;
    return isUtf8(bytes) && !bytes.includes(0) ? { text: bytes.toString() } : { unshown: '(not shown: not a text)\n' };
  } catch (error) {
    if (error instanceof OrchError && error.code === 'FILE_TOO_LARGE')
      return { unshown: '(not shown: larger than 1 MiB)\n' };
    throw error;
  }
}
