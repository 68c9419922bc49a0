import type { Duplex } from 'node:stream';
import { quote } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import { Collector } from '../../core/bounds/collector.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import type { ShellAnswer } from '../read/reading-shell.ts';
import { DialError, type Dialer } from './dialer.ts';

const LIMIT_MS = LIMITS.haproxyReply.ms;
const NO_TOOL = 93;
const NO_SOCKET = 94;

/** Runs a script on the host, as root if necessary, with a limit in milliseconds. */
type RunScript = (script: string, timeoutMs: number) => Promise<Pick<ShellAnswer, 'code' | 'stdout' | 'stderr'>>;

/**
 * Sends one line to HAProxy's admin socket and returns its reply. @throws OrchError HAPROXY_UNREACHABLE |
 * HAPROXY_DENIED
 */
export type AskHaproxy = (socket: string, line: string) => Promise<string>;

/**
 * Connects to HAProxy's admin socket: through a forwarded socket if permitted, else as root with a tool of the host
 * (socat, nc, python3, perl). Remembers per socket which way works.
 */
export function haproxySocket(dialer: Dialer, run: RunScript): AskHaproxy {
  const barred = new Set<string>();
  return async (path, line) => {
    const request = `${line}\n`;
    if (!barred.has(path)) {
      try {
        return checked(path, await ask(await dialer.unix(path), request));
      } catch (error) {
        if (!(error instanceof DialError)) throw error;
        barred.add(path);
      }
    }
    return checked(path, await askByTool(run, path, request));
  };
}

const ask = (socket: Duplex, request: string): Promise<string> =>
  new Promise<string>((resolve, reject) => {
    const reply = new Collector(LIMITS.haproxyReply);
    const timer = setTimeout(() => socket.destroy(late()), LIMIT_MS);
    socket.on('data', (chunk: Buffer) => {
      try {
        reply.add(chunk);
      } catch (error) {
        socket.destroy(tooLarge(error));
      }
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error instanceof OrchError ? error : silent(error));
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(reply.bytes().toString());
    });
    socket.write(request);
  });

async function askByTool(run: RunScript, path: string, request: string): Promise<string> {
  const result = await run(toolScript(quote(path), quote(request)), LIMIT_MS + 1000).catch((error: unknown) => {
    throw error instanceof OrchError && error.code === 'TIMED_OUT' ? late() : error;
  });
  if (result.code === 0) return bounded(result.stdout);
  const evidence = { details: result.stderr.toString().trim() };
  if (result.code === NO_SOCKET)
    throw new OrchError('HAPROXY_UNREACHABLE', `there is no socket ${path}`, {
      hint: 'check that HAProxy runs there and has "stats socket <path> level admin" in its global section',
    });
  if (result.code === NO_TOOL)
    throw new OrchError(
      'HAPROXY_DENIED',
      `the login user may not open ${path}, and the host has nothing to open it with as root`,
      {
        hint: 'install socat on that host',
      },
    );
  throw new OrchError('HAPROXY_UNREACHABLE', `HAProxy does not respond on ${path}`, {
    ...evidence,
    hint: 'check that HAProxy runs',
    retryable: true,
  });
}

/** Replies through a host's tool obey the same limits. */
function bounded(reply: Buffer): string {
  try {
    new Collector(LIMITS.haproxyReply).count(reply);
  } catch (error) {
    throw tooLarge(error);
  }
  return reply.toString();
}

const tooLarge = (error: unknown): OrchError =>
  new OrchError('HAPROXY_REPLY', error instanceof Error ? error.message : String(error), {
    hint: 'check that the socket of the inventory is that of HAProxy: echo "show info" | socat - UNIX:<path>',
    cause: error,
  });

const silent = (cause?: unknown): OrchError =>
  new OrchError('HAPROXY_UNREACHABLE', 'HAProxy closed the connection before it responded', {
    hint: 'check that HAProxy runs, and was not restarted just now',
    retryable: true,
    cause,
  });

const late = (): OrchError =>
  new OrchError('TIMED_OUT', `HAProxy did not respond within ${LIMIT_MS / 1000} s`, {
    hint: 'check by `top` on that host that HAProxy is not starved, and that nothing else waits at its socket',
  });

/** The reply lasts until HAProxy closes: none of these tools may end at the end of its own input. */
const toolScript = (path: string, request: string): string =>
  [
    `p=${path}`,
    `[ -e "$p" ] || exit ${NO_SOCKET}`,
    `printf %s ${request} | {`,
    `if command -v socat >/dev/null 2>&1; then exec socat -t ${LIMIT_MS / 1000} - "UNIX-CONNECT:$p"; fi`,
    'if nc -h 2>&1 | grep -q -e "-[0-9A-Za-z]*U"; then exec nc -U "$p"; fi',
    `if command -v python3 >/dev/null 2>&1; then exec python3 -c ${quote(PYTHON)} "$p"; fi`,
    `if command -v perl >/dev/null 2>&1; then exec perl -MIO::Socket::UNIX -e ${quote(PERL)} "$p"; fi`,
    `exit ${NO_TOOL}; }`,
  ].join('\n');

const PYTHON = [
  'import socket, sys',
  's = socket.socket(socket.AF_UNIX)',
  's.connect(sys.argv[1])',
  's.sendall(sys.stdin.buffer.read())',
  'for part in iter(lambda: s.recv(65536), b""): sys.stdout.buffer.write(part)',
].join('\n');

const PERL =
  'my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$ARGV[0]: $!\\n"; local $/; print $s <STDIN>; $s->flush; print while <$s>;';

function checked(path: string, reply: string): string {
  // Each complete reply ends with an empty line, even one without content.
  if (reply === '') throw silent();
  if (/^(Permission denied|Unknown command)/.test(reply.trim()))
    throw new OrchError('HAPROXY_DENIED', `HAProxy refuses the command on ${path}`, {
      details: firstChars(reply, 500),
      hint: 'give the socket "level admin" in the global section',
    });
  return reply;
}
