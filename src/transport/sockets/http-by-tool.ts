import { quote } from '../../core/base/argv.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Command, HttpReply, RunOptions, RunResult } from '../../core/host/connection.ts';
import { BODY_LIMIT, type HttpTarget, unreachable } from './http-get.ts';

const NO_TOOL = 93;

/**
 * GET by the host's own curl or wget, for hosts whose sshd forwards nothing. Both print the reply's head before its
 * body; neither follows a redirect, and no proxy comes between.
 */
export async function httpByTool(
  run: (command: Command, options: RunOptions) => Promise<RunResult>,
  target: HttpTarget,
): Promise<HttpReply> {
  const seconds = Math.max(1, Math.ceil(target.timeoutMs / 1000));
  const url = quote(`http://${target.authority}${target.path}`);
  const header = target.host === target.authority ? '' : quote(`Host: ${target.host}`);
  const curlHost = header === '' ? '' : ` -H ${header}`;
  const wgetHost = header === '' ? '' : ` --header ${header}`;
  const script = [
    'export LC_ALL=C',
    `if command -v curl >/dev/null 2>&1; then curl -q -sS -g -i --http1.1 --noproxy '*' -m ${seconds}${curlHost} ${url} | head -c ${2 * BODY_LIMIT}`,
    'elif command -v wget >/dev/null 2>&1; then',
    `  if wget --help 2>&1 | grep -q -e --save-headers; then wget -q -O - --save-headers --content-on-error --max-redirect=0 --no-proxy -t 1 -T ${seconds}${wgetHost} ${url} | head -c ${2 * BODY_LIMIT}`,
    // busybox tells the head on stderr, drops the body of an error, and has no time limit that can be relied on.
    `  else wget -S -O - -Y off${wgetHost} ${url}; fi`,
    `else exit ${NO_TOOL}; fi`,
  ].join('\n');
  const result = await run({ script }, { timeoutMs: target.timeoutMs + 1500 }).catch((error: unknown) => {
    if (error instanceof OrchError && error.code === 'TIMED_OUT')
      throw unreachable(target, `no reply within ${formatDuration(target.timeoutMs)}`, error);
    throw error;
  });
  if (result.code === NO_TOOL)
    throw new OrchError('FORWARDING_REFUSED', 'sshd forwards no connections, and the host has neither curl nor wget', {
      hint: 'set "AllowTcpForwarding local" in sshd_config, or install curl on the host',
    });
  const reply = wholeReply(result.stdout) ?? toldReply(result);
  if (reply === undefined) throw unreachable(target, result.stderr.trim().split('\n').at(-1) || 'no reply');
  return reply;
}

/** Head and body in one text; an interim head (`100 Continue`) is passed over. */
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
