import type { ErrorCode } from '../errors/error-codes.ts';

/** A code of api7-orch, or `X_…`: the code of a task type, gate or driver from outside. */
export type AnyErrorCode = ErrorCode | `X_${string}`;

/** Optional fields of an error. */
export interface OrchErrorOptions {
  /** What the user can do about it. One sentence. */
  readonly hint?: string | undefined;
  readonly host?: string | undefined;
  readonly task?: string | undefined;
  /** True if the same attempt may succeed later. The code that raises the error decides. */
  readonly retryable?: boolean | undefined;
  /** The node itself has no failure: during a rolling change the operator decides whether to continue. */
  readonly operatorDecides?: boolean | undefined;
  /** The write that raised the error has changed nothing on the host. */
  readonly nothingChanged?: boolean | undefined;
  /** Diagnostics for the final table: last log lines, an exit code. Redacted before printing; an empty text is none. */
  readonly details?: string | undefined;
  readonly cause?: unknown;
}

/** A known kind of failure: a stable code, what happened, and what to do about it. */
export class OrchError extends Error {
  override readonly name = 'OrchError';
  readonly code: AnyErrorCode;
  readonly hint: string | undefined;
  readonly host: string | undefined;
  readonly task: string | undefined;
  readonly retryable: boolean;
  readonly operatorDecides: boolean;
  readonly nothingChanged: boolean;
  readonly details: string | undefined;

  /**
   * @example throw new OrchError('PORT_TAKEN', 'port 9080 is held by container "old-nginx"', { hint: 'stop it or change api7.bind.http' })
   */
  constructor(code: AnyErrorCode, message: string, options: OrchErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.host = options.host;
    this.task = options.task;
    this.retryable = options.retryable ?? false;
    this.operatorDecides = options.operatorDecides ?? false;
    this.nothingChanged = options.nothingChanged ?? false;
    this.details = options.details || undefined;
  }
}

/** Whether a write failed without any change on the host, such as a check that refuses. */
export const leavesNothing = (error: unknown): boolean => error instanceof OrchError && error.nothingChanged;

/** What can be added to an error. */
type Place = Pick<OrchErrorOptions, 'host' | 'task' | 'operatorDecides' | 'nothingChanged'>;

/** The same error with host and task filled in, if it does not name them yet, and with the other fields. */
export function located(error: unknown, place: Place): OrchError {
  const known = error instanceof OrchError;
  const message = error instanceof Error ? error.message : String(error);
  const from = known ? error : undefined;
  const located = new OrchError(from?.code ?? 'INTERNAL', message, {
    hint: from?.hint,
    host: from?.host ?? place.host,
    task: from?.task ?? place.task,
    details: from?.details,
    retryable: from?.retryable,
    operatorDecides: from?.operatorDecides === true || place.operatorDecides === true,
    nothingChanged: from?.nothingChanged === true || place.nothingChanged === true,
    cause: known ? error.cause : error,
  });
  if (error instanceof Error && error.stack !== undefined) located.stack = error.stack;
  return located;
}

/** The code of an error of Node or of PostgreSQL: `ENOENT`; '' if it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** An HTTP request got no response: nothing listens there, or the reply did not arrive in time. */
export const isNoResponse = (error: unknown): error is OrchError =>
  error instanceof OrchError && (error.code === 'HTTP_UNREACHABLE' || error.code === 'TIMED_OUT');

/** What a request returned; `null`: it got no response. */
export const unlessSilent = <T>(request: Promise<T>): Promise<T | null> =>
  request.catch((error: unknown) => {
    if (isNoResponse(error)) return null;
    throw error;
  });

/** The connection was lost, so the result of the last command is unknown. */
export const isConnectionLost = (error: unknown): boolean =>
  error instanceof OrchError && error.code === 'CONNECTION_LOST';

/** The connection could not be made, so nothing on the host was changed. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof OrchError && (error.code.startsWith('CONNECT_') || error.code === 'CONNECTION_LOST');
