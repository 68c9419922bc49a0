/** A request to an Engine, without the version in its path. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** More headers. They may contain secrets, so no message prints them. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EngineReply {
  readonly status: number;
  /** The newest API version that the Engine supports. */
  readonly apiVersion: string | undefined;
  readonly body: Buffer;
}

/** Limits and callbacks of a request. */
export interface SendOptions {
  readonly signal: AbortSignal;
  /** Longest time without data during the reply, in milliseconds. Default: no limit but `signal`. */
  readonly idleMs?: number;
  /** Gets a successful reply in pieces; it is not kept then. An exception ends the request. */
  readonly onData?: (bytes: Buffer) => void;
}

/** A name as part of a path: image names contain slashes. */
export const inPath = (name: string): string => encodeURI(name).replace(/[?#]/g, encodeURIComponent);

/** @example withQuery('/containers/web/stop', { t: 10 }) // '/containers/web/stop?t=10' */
export function withQuery(path: string, query: Readonly<Record<string, string | number | boolean>>): string {
  const fields = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return `${path}?${new URLSearchParams(fields)}`;
}
