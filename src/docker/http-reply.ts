/** An HTTP reply to a GET. */
export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * The reply that `bytes` begin with and what stands behind it; `undefined` until it is there whole.
 *
 * @throws Error when it is no reply, or one that does not say how long it is
 */
export function firstReply(bytes: Buffer): { readonly reply: HttpReply; readonly rest: Buffer } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = /^HTTP\/1\.\d (\d{3})/.exec(first)?.[1];
  if (status === undefined) throw new Error(`not an HTTP reply: ${first.slice(0, 100)}`);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const found = bodyAt(bytes, headEnd + 4, headers);
  if (found === undefined) return undefined;
  return { reply: { status: Number(status), headers, body: found.body }, rest: bytes.subarray(found.end) };
}

interface Body {
  readonly body: Buffer;
  readonly end: number;
}

function bodyAt(bytes: Buffer, start: number, headers: ReadonlyMap<string, string>): Body | undefined {
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return chunksAt(bytes, start);
  const end = start + lengthOf(headers.get('content-length'), 10);
  return bytes.length < end ? undefined : { body: bytes.subarray(start, end), end };
}

function chunksAt(bytes: Buffer, start: number): Body | undefined {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const from = lineEnd + 2;
    const to = from + lengthOf(bytes.toString('latin1', at, lineEnd), 16);
    if (to === from) {
      // Trailers may follow the last chunk.
      const end = bytes.indexOf('\r\n\r\n', lineEnd);
      return end < 0 ? undefined : { body: Buffer.concat(parts), end: end + 4 };
    }
    if (bytes.length < to + 2) return undefined;
    parts.push(bytes.subarray(from, to));
    at = to + 2;
  }
}

function lengthOf(text: string | undefined, radix: number): number {
  const length = Number.parseInt(text ?? '', radix);
  if (!(length >= 0)) throw new Error('an HTTP reply that does not say how long it is');
  return length;
}
