/**
 * A lab that cannot be made or reached: the message is one sentence with its hint, `log` the tail of the output of the container
 * or the build.
 * @example throw new LabError('gw-1 is not up within 60 s', { log: tail })
 */
export class LabError extends Error {
  readonly log: string;

  constructor(message: string, options: { readonly log?: string; readonly cause?: unknown } = {}) {
    const log = options.log?.trim() ?? '';
    super(log === '' ? message : `${message}\n${log.replaceAll(/^/gm, '  | ')}`, { cause: options.cause });
    this.name = 'LabError';
    this.log = log;
  }
}

/** The last lines of a log. @example tail('a\nb\nc', 2) === 'b\nc' */
export function tail(text: string, lines = 25): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
