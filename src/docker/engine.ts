import type Dockerode from 'dockerode';
import { type Dial, DialAgent } from './agent.ts';
import { agreeOnVersion } from './api-version.ts';
import { callError, isHangUp, statusOf } from './call.ts';
import { engineVersion, parseReply } from './replies.ts';

export type Ask<T> = (api: Dockerode, abortSignal: AbortSignal) => Promise<T>;

const ANSWER_MS = 60_000;

/** One Docker Engine behind a dialled socket: every request goes through here, with a limit and typed errors. */
export class Engine {
  readonly #agent: DialAgent;
  #api: Promise<{ readonly api: Dockerode; readonly version: string }> | undefined;

  constructor(dial: Dial) {
    this.#agent = new DialAgent(dial);
  }

  /** The API version spoken with this Engine. */
  async version(): Promise<string> {
    return (await this.#connect()).version;
  }

  /** Asks for something that changes nothing; asked once more when an idle socket turns out to be closed. */
  async look<T>(doing: string, ask: Ask<T>): Promise<T> {
    try {
      return await this.#ask(ask, ANSWER_MS).catch((error: unknown) => {
        if (isHangUp(error)) return this.#ask(ask, ANSWER_MS);
        throw error;
      });
    } catch (error) {
      throw callError(doing, error, ANSWER_MS);
    }
  }

  /** Like `look`; `null` when the Engine says that there is no such thing. */
  async find<T>(doing: string, ask: Ask<T>): Promise<T | null> {
    return this.look(doing, async (api, signal) => {
      try {
        return await ask(api, signal);
      } catch (error) {
        if (statusOf(error) === 404) return null;
        throw error;
      }
    });
  }

  /** Asks for a change. Statuses in `fine` mean that it was so already. */
  async change<T>(
    doing: string,
    ask: Ask<T>,
    options: { fine?: readonly number[]; limitMs?: number } = {},
  ): Promise<T | null> {
    const limitMs = options.limitMs ?? ANSWER_MS;
    try {
      return await this.#ask(ask, limitMs);
    } catch (error) {
      if (options.fine?.includes(statusOf(error) ?? 0)) return null;
      throw callError(doing, error, limitMs);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask<T>(ask: Ask<T>, limitMs: number): Promise<T> {
    const { api } = await this.#connect();
    const limit = AbortSignal.timeout(limitMs);
    return within(limit, ask(api, limit));
  }

  #connect(): Promise<{ readonly api: Dockerode; readonly version: string }> {
    this.#api ??= this.#open().catch((error: unknown) => {
      // The next request may find the Engine up again.
      this.#api = undefined;
      throw error;
    });
    return this.#api;
  }

  async #open(): Promise<{ readonly api: Dockerode; readonly version: string }> {
    // 100 ms to import: only runs that talk to an Engine pay for it.
    const { default: Client } = await import('dockerode');
    // Protocol and host are given, for the library fills gaps from DOCKER_HOST.
    const options = { protocol: 'http', host: 'docker.invalid', port: 80, agent: this.#agent } as const;
    const doing = 'ask the Docker Engine for its version';
    try {
      const reply = await within(AbortSignal.timeout(ANSWER_MS), new Client(options).version());
      const { ApiVersion, MinAPIVersion } = parseReply(engineVersion, reply, doing);
      const version = agreeOnVersion({ newest: ApiVersion, oldest: MinAPIVersion });
      return { api: new Client({ ...options, version: `v${version}` }), version };
    } catch (error) {
      throw callError(doing, error, ANSWER_MS);
    }
  }
}

/** Some of the library's requests take no signal: they are left alone when their time is up. */
async function within<T>(limit: AbortSignal, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const expire = (): void => reject(limit.reason);
  limit.addEventListener('abort', expire, { once: true });
  return Promise.race([answer, late]).finally(() => limit.removeEventListener('abort', expire));
}
