/** The output and exit of one request's snippet. */
export interface Reply {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Controller's clock, milliseconds: when the script was sent and when the first output arrived. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** One request to a host: a POSIX sh snippet that needs only coreutils or busybox, and the parser of its reply. */
export interface Request<T> {
  readonly snippet: string;
  parse(reply: Reply): T;
  /** How it is answered together with others of its kind. */
  readonly joint?: Joint<T>;
}

/**
 * Runs one script and returns its whole output. With a new channel or a persistent shell: callers see no difference.
 */
export type RunScript = (script: string) => Promise<{
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly sentAt: number;
  readonly answeredAt: number;
}>;

/**
 * How several paths are answered together, one line each, by names of shell functions. Requests of the same tool are
 * joined.
 */
export interface Tool {
  /** A test of `$p`; if it fails, `many` is not called for this path. */
  readonly test: string;
  readonly many: string;
  /** A faster function for many paths that are all known to be small. */
  readonly small?: string;
  /** The function for one path that `many` could not answer. */
  readonly one: string;
}

/**
 * A request that one call of a tool can answer together with others: starting a program costs a host more than its work
 * here. Missing files are not passed to the tool; a path that the tool cannot answer is asked alone.
 */
interface Joint<T> {
  readonly tool: Tool;
  /** The argument for the tool, as a shell word. */
  readonly word: string;
  parse(line: string): T;
  /** The reply if the file does not exist. */
  readonly absent: T;
  /** The file was small at its last reading. */
  readonly small?: boolean;
}
