import { type AnyErrorCode, OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import { isTooLarge } from '../core/bounds/collector.ts';
import { engineError } from './engine-error.ts';
import { excerpt, UnreadableReply } from './unreadable-reply.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const field = (value: unknown, key: string): unknown =>
  value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined;

/** Most printed characters of an Engine's own message. */
const WORDS_LIMIT = 4000;

/** The Engine's own message, or an error's. */
export const engineWords = (error: unknown): string =>
  firstChars(error instanceof Error ? error.message : String(error), WORDS_LIMIT);

/** HTTP status of the Engine's reply, if there was one. */
export const statusOf = (error: unknown): number | undefined => {
  const status = field(error, 'statusCode');
  return typeof status === 'number' ? status : undefined;
};

/** A refusal as an error with the Engine's own message and status. */
export function refused(status: number, body: Buffer): Error {
  let words = '';
  try {
    words = text(field(JSON.parse(body.toString()), 'message'));
  } catch {
    // Not the Engine's form: a proxy before it may answer in HTML.
  }
  return Object.assign(new Error(words || excerpt(body.toString())), { statusCode: status });
}

const DIAL: Readonly<Record<string, readonly [code: AnyErrorCode, message: string, hint: string]>> = {
  ENOENT: ['DOCKER_NOT_FOUND', 'there is no Docker socket', 'install Docker Engine on that host and start it'],
  EACCES: [
    'DOCKER_DENIED',
    'the Docker socket refuses this user',
    'set become: sudo, or use a user that may use Docker',
  ],
  ECONNREFUSED: ['DOCKER_UNREACHABLE', 'nothing listens on the Docker socket', 'start the Docker daemon on that host'],
};

const BROKEN = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** Whether the Engine closed the socket, which happens to idle connections. */
export const isHangUp = (error: unknown): boolean =>
  BROKEN.has(text(field(error, 'code'))) || (isNotHttp(error) && /EOF/.test(engineWords(error)));

/** The parser's errors have no code. */
const isNotHttp = (error: unknown): boolean => field(error, 'name') === 'HTTPParserError';

export const hungUp = (message: string): Error => Object.assign(new Error(message), { code: 'ECONNRESET' });

/** What makes a reply unreadable; undefined if another failure occurred. */
function unreadable(error: unknown): string | undefined {
  if (error instanceof UnreadableReply || isTooLarge(error)) return error.message;
  if (field(error, 'code') === 'UND_ERR_HEADERS_OVERFLOW') return 'its header is too long';
  return isNotHttp(error) ? `not HTTP: ${excerpt(text(field(error, 'data')))}` : undefined;
}

export interface CallLimits {
  readonly limitMs: number;
  readonly idleMs?: number;
}

/** Any failure of a request as an `OrchError`. `doing` names the request. */
export function callError(doing: string, error: unknown, { limitMs, idleMs = limitMs }: CallLimits): OrchError {
  if (error instanceof OrchError && !isTooLarge(error)) return error;
  const status = statusOf(error);
  if (status !== undefined) return engineError({ doing, status, message: engineWords(error), cause: error });
  const name = text(field(error, 'name'));
  const idle = name === 'BodyTimeoutError';
  if (name === 'AbortError' || name === 'TimeoutError' || idle)
    return new OrchError(
      'TIMED_OUT',
      `${doing}: no response from the Docker Engine within ${(idle ? idleMs : limitMs) / 1000} s`,
      {
        hint: 'check that the Docker daemon on that host responds (docker info)',
        retryable: true,
        cause: error,
      },
    );
  const why = unreadable(error);
  if (why !== undefined && !isHangUp(error))
    return new OrchError('DOCKER_FAILED', `${doing}: reply not understood: ${why}`, {
      hint: 'check what listens on the Docker socket of that host (docker info): the Docker Engine or a proxy',
      cause: error,
    });
  const [code, message, hint] = DIAL[text(field(error, 'code'))] ?? [
    'DOCKER_UNREACHABLE',
    `the Docker Engine hung up (${engineWords(error)})`,
    'see whether the Docker daemon on that host is running (docker info)',
  ];
  return new OrchError(code, `${doing}: ${message}`, { hint, retryable: code === 'DOCKER_UNREACHABLE', cause: error });
}
