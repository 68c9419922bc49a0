import type { ErrorCode } from '../errors/error-codes.ts';

/** A code of this program, or `X_…`: one of a task type, gate or driver that is not part of it. */
export type AnyErrorCode = ErrorCode | `X_${string}`;

/** What an error tells besides its code and message. */
export interface OrchErrorOptions {
  /** What the user can do about it, one sentence. */
  readonly hint?: string | undefined;
  readonly host?: string | undefined;
  readonly task?: string | undefined;
  /** True when trying the same thing again may help; decided where the error is raised. */
  readonly retryable?: boolean | undefined;
  /** Nothing is wrong with the node itself: in a roll the operator decides whether to continue. */
  readonly operatorDecides?: boolean | undefined;
  /** The write that raised it has changed nothing on the host. */
  readonly nothingChanged?: boolean | undefined;
  /** Evidence for the end table: the last lines of a log, an exit code. Redacted before it is shown. */
  readonly details?: string | undefined;
  readonly cause?: unknown;
}

/** Everything that can go wrong in a way we know: a stable code, what happened, and what to do about it. */
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
    this.details = options.details;
  }
}

/** A write that failed and left the host as it was: a check that refuses, say. */
export const leavesNothing = (error: unknown): boolean => error instanceof OrchError && error.nothingChanged;

/** The same error with the place where it happened filled in, if it does not name one yet, and with who decides about it. */
export function located(error: unknown, place: Pick<OrchErrorOptions, 'host' | 'task' | 'operatorDecides'>): OrchError {
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
    nothingChanged: from?.nothingChanged,
    cause: known ? error.cause : error,
  });
  if (error instanceof Error && error.stack !== undefined) located.stack = error.stack;
  return located;
}

/** An HTTP request got no response: nothing listens there, or it did not reply in time. */
export const isNoResponse = (error: unknown): error is OrchError =>
  error instanceof OrchError && (error.code === 'HTTP_UNREACHABLE' || error.code === 'TIMED_OUT');

/** Codes that mean: the connection is gone, and what the last command did is not known. */
export const isConnectionLost = (error: unknown): boolean =>
  error instanceof OrchError && error.code === 'CONNECTION_LOST';

/** Codes raised while a connection is being made: the host was never touched. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof OrchError && (error.code.startsWith('CONNECT_') || error.code === 'CONNECTION_LOST');
