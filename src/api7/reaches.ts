import { quote } from '../core/base/argv.ts';
import { isNoResponse } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';

const ANSWER_MS = 3000;

/**
 * Exit codes of curl that mean: no name, no connection, no response in time. Any other shows that a server responded.
 */
const NOBODY = new Set([5, 6, 7, 28]);
const NO_CURL = 127;

/**
 * Whether a control-plane endpoint responds to a host. Over http it must report healthy; over https, where only a
 * gateway's certificate is accepted, a listening server is enough.
 */
export async function reaches(endpoint: string, host: Reader): Promise<boolean> {
  if (!URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  const secure = url.protocol === 'https:';
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port === '' ? (secure ? 443 : 80) : url.port);
  try {
    const { status } = await host.httpGet({ address, port, path: '/healthz', timeoutMs: ANSWER_MS });
    // A TLS server refuses plain HTTP; a server without that path is an older one.
    return secure || status < 500;
  } catch (error) {
    if (!isNoResponse(error)) throw error;
    return secure && (await listens(url.origin, host));
  }
}

/**
 * Whether a server listens there, seen from a host. Some servers close plain HTTP connections, which looks like no
 * server; curl shows the difference. Without curl they count as not listening.
 */
export const listens = async (origin: string, host: Reader): Promise<boolean> =>
  (await answersAt(origin, host)) === true;

/** The same; undefined if the host has no tool for the request. */
export async function answersAt(origin: string, host: Reader): Promise<boolean | undefined> {
  const script = `command -v curl >/dev/null || exit ${NO_CURL}; curl -q -ksS -g --noproxy '*' -m 3 -o /dev/null ${quote(origin)}`;
  const { code } = await host.test({ script }, { timeoutMs: 2 * ANSWER_MS });
  return code === NO_CURL ? undefined : code !== null && !NOBODY.has(code);
}
