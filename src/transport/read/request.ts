/** What one request's snippet printed and how it ended. */
export interface Reply {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Controller's clock, milliseconds: when the script was sent and when its first words came back. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** One question to a host: POSIX sh that needs nothing but coreutils or busybox, and what its reply means. */
export interface Request<T> {
  readonly snippet: string;
  parse(reply: Reply): T;
  /** How it is answered together with others of its kind. */
  readonly joint?: Joint<T>;
}

/** Runs one script and gives all that it printed. A channel each time, or a shell that stays: the reader cannot tell. */
export type RunScript = (script: string) => Promise<{
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly sentAt: number;
  readonly answeredAt: number;
}>;

/** How several paths are answered for at once, a line for each: names of shell functions. Requests of the same tool are joined. */
export interface Tool {
  /** A test of `$p`, without which `many` is not asked about it. */
  readonly test: string;
  readonly many: string;
  /** Answers for many sooner, where all of them are known to be small. */
  readonly small?: string;
  /** Answers for one path, of which `many` did not. */
  readonly one: string;
}

/**
 * One of several requests that one call of a tool can answer: starting a program costs a host more than all it does
 * here. What is certainly not there is not even asked about; what the tool cannot answer for is asked alone.
 */
export interface Joint<T> {
  readonly tool: Tool;
  /** What the tool is asked about, as a shell word. */
  readonly word: string;
  parse(line: string): T;
  /** The answer when there is no such file. */
  readonly absent: T;
  /** The file was small when it was last seen. */
  readonly small?: boolean;
}
