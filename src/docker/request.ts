/** A request to an Engine, without the version in its path. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Further headers. They may hold secrets, and stand in no message. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EngineReply {
  readonly status: number;
  /** The newest API version that the Engine speaks. */
  readonly apiVersion: string | undefined;
  readonly body: Buffer;
}

/** What a request may take. */
export interface SendOptions {
  readonly signal: AbortSignal;
  /** Longest silence in the middle of the reply. Default: as long as `signal` lets it. */
  readonly idleMs?: number;
  /** Gets a successful reply piece by piece; it is not kept then. What it throws ends the request. */
  readonly onData?: (bytes: Buffer) => void;
}

/** A name as part of a path: an image's has slashes of its own. */
export const inPath = (name: string): string => encodeURI(name).replace(/[?#]/g, encodeURIComponent);

/** @example withQuery('/containers/web/stop', { t: 10 }) // '/containers/web/stop?t=10' */
export function withQuery(path: string, query: Readonly<Record<string, string | number | boolean>>): string {
  const fields = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return `${path}?${new URLSearchParams(fields)}`;
}
