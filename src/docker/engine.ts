import { OrchError } from '../core/base/errors.ts';
import { sharePerTick } from '../core/base/share-per-tick.ts';
import { agreeOnVersion, oldestIn, type VersionRange } from './api-version.ts';
import { callError, engineWords, isHangUp, refused, statusOf } from './call.ts';
import { HttpConnection } from './http-connection.ts';
import { HttpConnections } from './http-connections.ts';
import { engineVersion, parseReply } from './replies.ts';
import type { EngineReply, EngineRequest, SendOptions } from './request.ts';
import type { Dial } from './socket.ts';
import { excerpt, parseJson, UnreadableReply } from './unreadable-reply.ts';

export interface ChangeOptions extends Omit<SendOptions, 'signal'> {
  /** Statuses that mean that it was so already. */
  readonly fine?: readonly number[];
  readonly limitMs?: number;
}

const ANSWER_MS = 60_000;

/** Bodies that say no more than the status. */
const NOTHING: ReadonlySet<string> = new Set(['', '""', '{}', 'null']);

/** What an Engine accepts that has not said otherwise. */
const OLDEST = '1.12';

/** Questions on their way at once. */
const PIPELINING = 64;

/**
 * One Docker Engine behind a dialled socket: every request goes through here, with a limit and typed errors. Questions
 * are asked on one socket, one behind the other: each socket is a session, a sudo and a process on a host whose Docker is
 * reached through sudo. Each change has a socket of its own.
 *
 * Questions do not wait until a version is agreed upon: the first ones leave it to the Engine, whose replies tell the
 * newest that it speaks. Changes are always asked for in an agreed version.
 */
export class Engine {
  readonly #questions: HttpConnection;
  readonly #changes: HttpConnections;
  readonly #joined = sharePerTick<unknown>();
  #spoken: VersionRange | undefined;

  constructor(dial: Dial) {
    this.#questions = new HttpConnection(dial, PIPELINING);
    this.#changes = new HttpConnections(dial);
  }

  /** The API version spoken with this Engine. */
  async version(): Promise<string> {
    if (this.#spoken === undefined) {
      const doing = 'read the version of the Docker Engine';
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
        throw callError(doing, error, { limitMs: ANSWER_MS });
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

  /** Asks for a change; `null` when it was so already. */
  async change(doing: string, request: EngineRequest, options: ChangeOptions = {}): Promise<EngineReply | null> {
    const { fine = [], limitMs = ANSWER_MS, ...rest } = options;
    await this.version();
    try {
      return await this.#understood(async () => {
        const path = `${this.#prefix()}${request.path}`;
        const reply = await this.#changes.send({ ...request, path }, () => ({
          ...rest,
          signal: AbortSignal.timeout(limitMs),
        }));
        if (reply.status >= 300) throw refused(reply.status, reply.body);
        return reply;
      });
    } catch (error) {
      if (fine.includes(statusOf(error) ?? 0)) return null;
      throw callError(doing, error, { limitMs, ...rest });
    }
  }

  /** Like `change`, for one whose reply has no body: a page of a proxy is no confirmation. */
  async order(doing: string, request: EngineRequest, options: ChangeOptions = {}): Promise<void> {
    const reply = await this.change(doing, request, options);
    const body = reply?.body.subarray(0, 1000).toString().trim() ?? '';
    if (NOTHING.has(body)) return;
    throw callError(doing, new UnreadableReply(`no confirmation: ${excerpt(body)}`), { limitMs: ANSWER_MS });
  }

  /** Like `change`, for one whose reply is JSON. */
  async changeJson(doing: string, request: EngineRequest, options: ChangeOptions = {}): Promise<unknown> {
    const reply = await this.change(doing, request, options);
    try {
      return reply === null ? null : parseJson(reply.body);
    } catch (error) {
      throw callError(doing, error, { limitMs: ANSWER_MS });
    }
  }

  close(): void {
    this.#questions.close();
    this.#changes.close();
  }

  #get(wanted: string): Promise<unknown> {
    return this.#understood(async () => {
      const path = `${this.#prefix()}${wanted}`;
      const options = { signal: AbortSignal.timeout(ANSWER_MS) };
      const { status, apiVersion = '', body } = await this.#questions.send({ method: 'GET', path }, options);
      if (/^\d+\.\d+$/.test(apiVersion)) this.#spoken ??= { newest: apiVersion, oldest: OLDEST };
      if (status >= 300) throw refused(status, body);
      return parseJson(body);
    });
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
}
