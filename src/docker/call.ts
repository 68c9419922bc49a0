import { OrchError } from '../core/errors.ts';
import { engineError } from './engine-error.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const field = (value: unknown, key: string): unknown =>
  value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined;

/** The Engine's own words, without the client library's frame around them. */
export const engineWords = (error: unknown): string =>
  text(field(field(error, 'json'), 'message')) ||
  (error instanceof Error ? error.message : String(error)).replace(/^\(HTTP code \d+\) .*? - /s, '').trim();

/** HTTP status of the Engine's answer, when it gave one. */
export const statusOf = (error: unknown): number | undefined => {
  const status = field(error, 'statusCode');
  return typeof status === 'number' ? status : undefined;
};

/** The Engine's answer as an error of the same shape as the client library's. */
export function refused(status: number, body: Buffer): Error {
  const words = body.toString().trim();
  let json: unknown;
  try {
    json = JSON.parse(words);
  } catch {
    // Not the Engine's own form: something between it and us may answer in HTML.
  }
  return Object.assign(new Error(words), { statusCode: status, json });
}

const DIAL: Readonly<Record<string, readonly [code: string, message: string, hint: string]>> = {
  ENOENT: ['DOCKER_NOT_FOUND', 'there is no Docker socket', 'install Docker Engine on that host and start it'],
  EACCES: [
    'DOCKER_DENIED',
    'the Docker socket refuses this user',
    'set become: sudo, or use a user that may use Docker',
  ],
  ECONNREFUSED: ['DOCKER_UNREACHABLE', 'nothing listens on the Docker socket', 'start the Docker daemon on that host'],
};

const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** Whether the Engine hung up in the middle: what an idle connection does that it had closed already. */
export const isHangUp = (error: unknown): boolean => BROKEN.has(text(field(error, 'code')));

/** Any failure of a request as an `OrchError`. `doing` says what was being asked. */
export function callError(doing: string, error: unknown, limitMs: number): OrchError {
  if (error instanceof OrchError) return error;
  const status = statusOf(error);
  if (status !== undefined) return engineError({ doing, status, message: engineWords(error), cause: error });
  const name = text(field(error, 'name'));
  if (name === 'AbortError' || name === 'TimeoutError')
    return new OrchError('TIMED_OUT', `${doing}: no answer from the Docker Engine within ${limitMs / 1000} s`, {
      hint: 'see whether the Docker daemon on that host still answers (docker info)',
      retryable: true,
      cause: error,
    });
  const [code, message, hint] = DIAL[text(field(error, 'code'))] ?? [
    'DOCKER_UNREACHABLE',
    `the Docker Engine hung up (${engineWords(error)})`,
    'see whether the Docker daemon on that host is running (docker info)',
  ];
  return new OrchError(code, `${doing}: ${message}`, { hint, retryable: code === 'DOCKER_UNREACHABLE', cause: error });
}
