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
  /** Statuses that mean: already done. */
  readonly fine?: readonly number[];
  readonly limitMs?: number;
}

const ANSWER_MS = 60_000;

/** Bodies without more information than the status. */
const NOTHING: ReadonlySet<string> = new Set(['', '""', '{}', 'null']);

/** Assumed if the Engine does not report its oldest version. */
const OLDEST = '1.12';

/** Most reads under way at once. */
const PIPELINING = 64;

/**
 * One Docker Engine behind a socket: every request passes here and gets a limit and typed errors. Reads share one
 * pipelined socket: through sudo, each socket costs a session, a sudo and a process on the host. Each change has its
 * own socket.
 *
 * Reads do not wait for the version negotiation: the first ones leave the version to the Engine, whose replies report
 * its newest. Changes always use a negotiated version.
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

  /** The negotiated API version. */
  async version(): Promise<string> {
    if (this.#spoken === undefined) {
      const doing = 'read the version of the Docker Engine';
      const reply = await this.look(doing, '/version');
      const { ApiVersion, MinAPIVersion } = parseReply(engineVersion, reply, doing);
      this.#spoken = { newest: ApiVersion, oldest: MinAPIVersion };
    }
    return agreeOnVersion(this.#spoken);
  }

  /** A read; repeated once if the Engine closes the socket. Identical reads of one tick share one reply. */
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

  /** Like `look`; `null` if the object does not exist. */
  async find(doing: string, path: string): Promise<unknown> {
    try {
      return await this.look(doing, path);
    } catch (error) {
      if (error instanceof OrchError && statusOf(error.cause) === 404) return null;
      throw error;
    }
  }

  /** A change; `null` if it was done already. */
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

  /** Like `change`, for a reply without a body: a proxy's page is no confirmation. */
  async order(doing: string, request: EngineRequest, options: ChangeOptions = {}): Promise<void> {
    const reply = await this.change(doing, request, options);
    const body = reply?.body.subarray(0, 1000).toString().trim() ?? '';
    if (NOTHING.has(body)) return;
    throw callError(doing, new UnreadableReply(`no confirmation: ${excerpt(body)}`), { limitMs: ANSWER_MS });
  }

  /** Like `change`, for a JSON reply. */
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

  /**
   * An Engine refuses an unknown version before it processes the request: the request is sent again in a supported
   * version.
   */
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
