import type Dockerode from 'dockerode';
import { OrchError } from '../core/errors.ts';
import { joined } from '../core/joined.ts';
import { type Dial, DialAgent } from './agent.ts';
import { agreeOnVersion, oldestIn, type Spoken } from './api-version.ts';
import { callError, engineWords, isHangUp, refused, statusOf } from './call.ts';
import { Questions } from './questions.ts';
import { engineVersion, parseReply } from './replies.ts';

export type Ask<T> = (api: Dockerode, abortSignal: AbortSignal) => Promise<T>;

const ANSWER_MS = 60_000;

/** What an Engine accepts that has not said otherwise. */
const OLDEST = '1.12';

/**
 * One Docker Engine behind a dialled socket: every request goes through here, with a limit and typed errors. Questions
 * are asked on one socket, without the client library; changes are the library's.
 *
 * Questions do not wait until a version is agreed upon: the first ones leave it to the Engine, whose replies tell the
 * newest that it speaks. Changes are always asked for in an agreed version.
 */
export class Engine {
  readonly #agent: DialAgent;
  readonly #questions: Questions;
  readonly #joined = joined<unknown>();
  readonly #clients = new Map<string, Dockerode>();
  #spoken: Spoken | undefined;

  constructor(dial: Dial) {
    this.#agent = new DialAgent(dial);
    this.#questions = new Questions(dial);
  }

  /** The API version spoken with this Engine. */
  async version(): Promise<string> {
    if (this.#spoken === undefined) {
      const doing = 'ask the Docker Engine for its version';
      const reply = await this.look(doing, '/version');
      const { ApiVersion, MinAPIVersion } = parseReply(engineVersion, reply, doing);
      this.#spoken = { newest: ApiVersion, oldest: MinAPIVersion };
    }
    return agreeOnVersion(this.#spoken);
  }

  /**
   * Asks for something that changes nothing; asked once more when the Engine hangs up. Whoever asks the same in the same
   * tick gets the same answer.
   */
  look(doing: string, path: string): Promise<unknown> {
    return this.#joined(doing, async () => {
      try {
        return await this.#get(path).catch((error: unknown) => {
          if (isHangUp(error)) return this.#get(path);
          throw error;
        });
      } catch (error) {
        throw callError(doing, error, ANSWER_MS);
      }
    });
  }

  /** Like `look`; `null` when the Engine says that there is no such thing. */
  async find(doing: string, path: string): Promise<unknown> {
    try {
      return await this.look(doing, path);
    } catch (error) {
      if (error instanceof OrchError && statusOf(error.cause) === 404) return null;
      throw error;
    }
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
    this.#questions.close();
    this.#agent.destroy();
  }

  #get(path: string): Promise<unknown> {
    return this.#understood(async () => {
      const { status, headers, body } = await this.#questions.get(
        `${this.#prefix()}${path}`,
        AbortSignal.timeout(ANSWER_MS),
      );
      const newest = headers.get('api-version');
      if (newest !== undefined) this.#spoken ??= { newest, oldest: OLDEST };
      if (status >= 400) throw refused(status, body);
      return JSON.parse(body.toString());
    });
  }

  #ask<T>(ask: Ask<T>, limitMs: number): Promise<T> {
    const limit = AbortSignal.timeout(limitMs);
    return this.#understood(async () => within(limit, ask(await this.#client(), limit)));
  }

  /** An Engine that refuses our version does so before it looks at the request: it is sent again in one that it knows. */
  async #understood<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const oldest = statusOf(error) === 400 ? oldestIn(engineWords(error)) : undefined;
      if (oldest === undefined || this.#spoken === undefined || this.#spoken.oldest === oldest) throw error;
      this.#spoken = { ...this.#spoken, oldest };
      return await send();
    }
  }

  #prefix(): string {
    return this.#spoken === undefined ? '' : `/v${agreeOnVersion(this.#spoken)}`;
  }

  async #client(): Promise<Dockerode> {
    // That takes 100 ms and more: only a run that changes something pays for it.
    const { default: Client } = await import('dockerode');
    const version = this.#prefix().slice(1);
    // Protocol and host are given, for the library fills gaps from DOCKER_HOST.
    const options = { protocol: 'http', host: 'docker.invalid', port: 80, agent: this.#agent } as const;
    const client = this.#clients.get(version) ?? new Client({ ...options, version });
    this.#clients.set(version, client);
    return client;
  }
}

/** Some of the library's requests take no signal: they are left alone when their time is up. */
async function within<T>(limit: AbortSignal, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const expire = (): void => reject(limit.reason);
  limit.addEventListener('abort', expire, { once: true });
  return Promise.race([answer, late]).finally(() => limit.removeEventListener('abort', expire));
}
