/** Everything that can go wrong in a way we know is an `OrchError`: a stable code, what happened, and what to do about it. */
export interface OrchErrorOptions {
  /** What the user can do about it, one sentence. */
  readonly hint?: string;
  readonly host?: string;
  readonly task?: string;
  /** True when trying the same thing again may help; decided where the error is raised. */
  readonly retryable?: boolean;
  /** Nothing is wrong with the node itself: in a roll the operator decides whether to continue. */
  readonly operatorDecides?: boolean;
  /** Evidence for the end table: the last lines of a log, an exit code. Redacted before it is shown. */
  readonly details?: string;
  readonly cause?: unknown;
}

export class OrchError extends Error {
  override readonly name = 'OrchError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly host: string | undefined;
  readonly task: string | undefined;
  readonly retryable: boolean;
  readonly operatorDecides: boolean;
  readonly details: string | undefined;

  /**
   * @example throw new OrchError('PORT_TAKEN', 'port 9080 is held by container "old-nginx"', { hint: 'stop it or change api7.bind.http' })
   */
  constructor(code: string, message: string, options: OrchErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.host = options.host;
    this.task = options.task;
    this.retryable = options.retryable ?? false;
    this.operatorDecides = options.operatorDecides ?? false;
    this.details = options.details;
  }
}

/** The same error with the place where it happened filled in, if it does not name one yet, and with who decides about it. */
export function located(error: unknown, place: Pick<OrchErrorOptions, 'host' | 'task' | 'operatorDecides'>): OrchError {
  const known = error instanceof OrchError;
  const message = error instanceof Error ? error.message : String(error);
  const from = known ? error : undefined;
  const host = from?.host ?? place.host;
  const task = from?.task ?? place.task;
  const located = new OrchError(from?.code ?? 'INTERNAL', message, {
    ...(from?.hint === undefined ? {} : { hint: from.hint }),
    ...(host === undefined ? {} : { host }),
    ...(task === undefined ? {} : { task }),
    ...(from?.details === undefined ? {} : { details: from.details }),
    retryable: from?.retryable ?? false,
    operatorDecides: from?.operatorDecides === true || place.operatorDecides === true,
    cause: known ? error.cause : error,
  });
  if (error instanceof Error && error.stack !== undefined) located.stack = error.stack;
  return located;
}

/** Codes that mean: the connection is gone, and what the last command did is not known. */
export const isConnectionLost = (error: unknown): boolean =>
  error instanceof OrchError && error.code === 'CONNECTION_LOST';

/** Codes raised while a connection is being made: the host was never touched. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof OrchError && (error.code.startsWith('CONNECT_') || error.code === 'CONNECTION_LOST');
