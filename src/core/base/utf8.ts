import { isUtf8 } from 'node:buffer';

/** The text of a file, or the problem of its encoding with the line number. */
export type Utf8 = { readonly text: string } | { readonly problem: string; readonly line: number };

const NEWLINE = 0x0a;

/**
 * Decodes bytes as UTF-8 and drops a byte order mark. Refuses other encodings: decoding them anyway would change the
 * characters of a password.
 *
 * @example readUtf8(Buffer.from('token\n')) // { text: 'token\n' }
 */
export function readUtf8(bytes: Buffer): Utf8 {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return { problem: 'is saved as UTF-16; save it as UTF-8', line: 1 };
  const zero = bytes.indexOf(0);
  if (zero >= 0) return { problem: 'holds zero bytes, as UTF-16 does; save it as UTF-8', line: lineAt(bytes, zero) };
  if (isUtf8(bytes)) return { text: bytes.toString('utf8').replace(/^\uFEFF/, '') };
  return { problem: 'is not UTF-8; save it as UTF-8', line: firstWrongLine(bytes) };
}

const lineAt = (bytes: Buffer, offset: number): number =>
  bytes.subarray(0, offset).reduce((line, byte) => (byte === NEWLINE ? line + 1 : line), 1);

/** In UTF-8 a newline is never part of another character, so each line is checked alone. */
function firstWrongLine(bytes: Buffer): number {
  let line = 1;
  for (let from = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, from);
    if (!isUtf8(bytes.subarray(from, end < 0 ? undefined : end)) || end < 0) return line;
    from = end + 1;
  }
}
