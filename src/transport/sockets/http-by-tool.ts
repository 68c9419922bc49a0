import { quote } from '../../core/base/argv.ts';
import { defined } from '../../core/base/data.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { Secret } from '../../core/base/secret.ts';
import type { Command, HttpLogin, HttpReply, RunOptions, RunResult } from '../../core/host/connection.ts';
import { BODY_LIMIT, type HttpTarget, unreachable, urlOf } from './http-get.ts';

const NO_TOOL = 93;

/**
 * A request by the host's own curl or wget, for hosts whose sshd forwards nothing. Both print the reply's head before
 * its body, follow no redirect and use no proxy. A login goes to curl on stdin; wget would show it in its command line.
 * HTTPS with certificates of the inventory is not supported here, because their keys would have to be on the host.
 */
export async function httpByTool(
  run: (command: Command, options: RunOptions) => Promise<RunResult>,
  target: HttpTarget,
): Promise<HttpReply> {
  const { login, method, timeoutMs } = target;
  if (target.tls !== undefined) throw forwardingRefused('HTTPS needs them', ALLOW);
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  const url = quote(urlOf(target));
  const header = target.host === target.authority ? '' : quote(`Host: ${target.host}`);
  const curlHost = header === '' ? '' : ` -H ${header}`;
  const wgetHost = header === '' ? '' : ` --header ${header}`;
  const curlMore = `${method === 'POST' ? " -X POST --data ''" : ''}${login === undefined ? '' : ' --config -'}`;
  const curlOnly = curlMore !== '';
  const script = [
    'export LC_ALL=C',
    `if command -v curl >/dev/null 2>&1; then curl -q -sS -g -i --http1.1 --noproxy '*' -m ${seconds}${curlMore}${curlHost} ${url} | head -c ${2 * BODY_LIMIT}`,
    ...(curlOnly
      ? []
      : [
          'elif command -v wget >/dev/null 2>&1; then',
          `  if wget --help 2>&1 | grep -q -e --save-headers; then wget -q -O - --save-headers --content-on-error --max-redirect=0 --no-proxy -t 1 -T ${seconds}${wgetHost} ${url} | head -c ${2 * BODY_LIMIT}`,
          // busybox prints the head on stderr, drops the body of an error, and has no reliable time limit.
          `  else wget -S -O - -Y off${wgetHost} ${url}; fi`,
        ]),
    `else exit ${NO_TOOL}; fi`,
  ].join('\n');
  const stdin = defined({ stdin: login && curlLogin(login) });
  const result = await run({ script }, { timeoutMs: timeoutMs + 1500, ...stdin }).catch((error: unknown) => {
    if (error instanceof OrchError && error.code === 'TIMED_OUT')
      throw unreachable(target, `no reply within ${formatDuration(timeoutMs)}`, error);
    throw error;
  });
  if (result.code === NO_TOOL)
    throw forwardingRefused(
      `the host has ${curlOnly ? 'no curl' : 'neither curl nor wget'}`,
      `${ALLOW}, or install curl on the host`,
    );
  const reply = wholeReply(result.stdout) ?? toldReply(result);
  if (reply === undefined) throw unreachable(target, result.stderr.trim().split('\n').at(-1) || 'no reply');
  return reply;
}

const ALLOW = 'set "AllowTcpForwarding local" in sshd_config';

const forwardingRefused = (why: string, hint: string): OrchError =>
  new OrchError('FORWARDING_REFUSED', `sshd forwards no connections, and ${why}`, { hint });

/** A line of curl's configuration; inside its quotes only these characters are special. */
const curlLogin = ({ username, password }: HttpLogin): Secret =>
  Secret.containing(`user = "${`${username}:${password.reveal()}`.replace(/[\\"]/g, '\\$&')}"\n`);

/** Parses head and body from one text; skips an interim head (`100 Continue`). */
function wholeReply(text: string): HttpReply | undefined {
  for (let rest = text; ; ) {
    const status = /^HTTP\/[\d.]+ (\d{3})/.exec(rest)?.[1];
    if (status === undefined) return undefined;
    const blank = /\r?\n\r?\n/.exec(rest);
    rest = blank === null ? '' : rest.slice(blank.index + blank[0].length);
    if (!status.startsWith('1')) return { status: Number(status), body: capped(rest) };
  }
}

function toldReply({ stdout, stderr }: RunResult): HttpReply | undefined {
  const status = /^[ \t]*HTTP\/[\d.]+ ([2-5]\d\d)/m.exec(stderr)?.[1];
  return status === undefined ? undefined : { status: Number(status), body: capped(stdout) };
}

const capped = (body: string): string => Buffer.from(body).subarray(0, BODY_LIMIT).toString();
