import { quote } from '../core/base/argv.ts';
import { unlessSilent } from '../core/base/errors.ts';
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
  const reply = await unlessSilent(host.httpGet({ address, port, path: '/healthz', timeoutMs: ANSWER_MS }));
  // Without curl a server counts as not listening.
  if (reply === null) return secure && (await answersAt(url.origin, host)) === true;
  // A TLS server refuses plain HTTP; a server without that path is an older one.
  return secure || reply.status < 500;
}

/**
 * Whether a server listens there, seen from a host; undefined if the host has no tool for the request. Some servers
 * close plain HTTP connections, which looks like no server; curl shows the difference.
 */
export async function answersAt(origin: string, host: Reader): Promise<boolean | undefined> {
  const script = `command -v curl >/dev/null || exit ${NO_CURL}; curl -q -ksS -g --noproxy '*' -m 3 -o /dev/null ${quote(origin)}`;
  const { code } = await host.test({ script }, { timeoutMs: 2 * ANSWER_MS });
  return code === NO_CURL ? undefined : code !== null && !NOBODY.has(code);
}
