import { redact } from '../core/base/redact.ts';
import { LIMITS } from '../core/bounds/limits.ts';

const HEADER = 8;

/**
 * The text of a container's log in the Engine's framing: stream number, three zero bytes, length as a big-endian
 * number, then that many bytes. A container with a terminal has no frames; its bytes are the text.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export function logText(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const framed = at + HEADER <= bytes.length && (bytes[at] ?? 9) <= 2 && bytes.readUIntBE(at + 1, 3) === 0;
    if (!framed) return bytes.toString('utf8');
    const end = at + HEADER + bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + HEADER, end));
    at = end;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The end of a log, from the beginning of a line if possible: lines may have any length. */
export function endOfLog(text: string, limit: number = LIMITS.containerLog.bytes): string {
  if (text.length <= limit) return text;
  const end = redact(text).slice(-limit);
  const line = end.indexOf('\n');
  return line < 0 || line === end.length - 1 ? end : end.slice(line + 1);
}
