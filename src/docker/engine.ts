import type Dockerode from 'dockerode';
import { joined } from '../core/joined.ts';
import { type Dial, DialAgent } from './agent.ts';
import { agreeOnVersion, newestIn, oldestIn, type Spoken } from './api-version.ts';
import { callError, engineWords, isHangUp, statusOf } from './call.ts';
import { engineVersion, parseReply } from './replies.ts';

export type Ask<T> = (api: Dockerode, abortSignal: AbortSignal) => Promise<T>;

const ANSWER_MS = 60_000;

/** What an Engine accepts that has not said otherwise. */
const OLDEST = '1.12';

/**
 * One Docker Engine behind a dialled socket: every request goes through here, with a limit and typed errors.
 *
 * Questions do not wait until a version is agreed upon: the first ones leave it to the Engine, whose replies tell the
 * newest that it speaks. Changes are always asked for in an agreed version.
 */
export class Engine {
  readonly #agent: DialAgent;
  readonly #joined = joined<unknown>();
  readonly #clients = new Map<string, Dockerode>();
  #spoken: Spoken | undefined;

  constructor(dial: Dial) {
    this.#agent = new DialAgent(dial, (head) => {
      const newest = this.#spoken === undefined ? newestIn(head) : undefined;
      if (newest !== undefined) this.#spoken = { newest, oldest: OLDEST };
    });
  }

  /** The API version spoken with this Engine. */
  async version(): Promise<string> {
    if (this.#spoken === undefined) {
      const doing = 'ask the Docker Engine for its version';
      const reply = await this.look(doing, (api) => api.version());
      const { ApiVersion, MinAPIVersion } = parseReply(engineVersion, reply, doing);
      this.#spoken = { newest: ApiVersion, oldest: MinAPIVersion };
    }
    return agreeOnVersion(this.#spoken);
  }

  /**
   * Asks for something that changes nothing; asked once more when an idle socket turns out to be closed. Whoever asks
   * the same in the same tick gets the same answer.
   */
  async look<T>(doing: string, ask: Ask<T>): Promise<T> {
    const look = async (): Promise<T> => {
      try {
        return await this.#ask(ask, ANSWER_MS).catch((error: unknown) => {
          if (isHangUp(error)) return this.#ask(ask, ANSWER_MS);
          throw error;
        });
      } catch (error) {
        throw callError(doing, error, ANSWER_MS);
      }
    };
    // `doing` says all that is asked, so an answer to it is of its type.
    return this.#joined(doing, look) as Promise<T>;
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
    await this.version();
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
    const limit = AbortSignal.timeout(limitMs);
    try {
      return await within(limit, ask(await this.#client(), limit));
    } catch (error) {
      const oldest = statusOf(error) === 400 ? oldestIn(engineWords(error)) : undefined;
      if (oldest === undefined || this.#spoken === undefined || this.#spoken.oldest === oldest) throw error;
      // It refused the version before it looked at the request.
      this.#spoken = { ...this.#spoken, oldest };
      return within(limit, ask(await this.#client(), limit));
    }
  }

  async #client(): Promise<Dockerode> {
    const { default: Client } = await engineLibrary();
    const version = this.#spoken === undefined ? '' : `v${agreeOnVersion(this.#spoken)}`;
    // Protocol and host are given, for the library fills gaps from DOCKER_HOST.
    const options = { protocol: 'http', host: 'docker.invalid', port: 80, agent: this.#agent } as const;
    const client = this.#clients.get(version) ?? new Client({ ...options, ...(version === '' ? {} : { version }) });
    this.#clients.set(version, client);
    return client;
  }
}

/**
 * Loads what speaks with an Engine. That takes 100 ms and more: only runs with containers pay for it, and best while they
 * connect.
 */
export const engineLibrary = () => import('dockerode');

/** Some of the library's requests take no signal: they are left alone when their time is up. */
async function within<T>(limit: AbortSignal, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const expire = (): void => reject(limit.reason);
  limit.addEventListener('abort', expire, { once: true });
  return Promise.race([answer, late]).finally(() => limit.removeEventListener('abort', expire));
}
