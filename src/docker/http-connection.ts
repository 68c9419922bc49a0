import type { EventEmitter } from 'node:events';
import type { Client, Dispatcher } from 'undici';
import { Collector } from '../core/bounds/collector.ts';
import { LIMITS } from '../core/bounds/limits.ts';
import { hungUp, isHangUp } from './call.ts';
import type { EngineReply, EngineRequest, SendOptions } from './request.ts';
import { type Dial, DialledSocket } from './socket.ts';

const CLIENT_OPTIONS = {
  allowH2: false,
  useMilo: false,
  // A socket through sudo is a session and two processes: it stays until it is released or closed.
  keepAliveTimeout: 2 ** 31 - 1,
  // Each request has a signal of its own.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

/**
 * HTTP requests over one dialled socket, which is replaced when it ends. Up to `pipelining` GETs are sent one behind the
 * other without waiting for an answer; anything else waits until those before it are answered.
 */
export class HttpConnection {
  readonly #dial: Dial;
  readonly #pipelining: number;
  #client: Client | undefined;
  #socket: DialledSocket | undefined;
  /** Dialled while the HTTP client is loaded. */
  #dialled: Promise<DialledSocket> | undefined;
  /** Whether this socket has carried an answer. */
  #answered = false;
  #underWay = 0;

  constructor(dial: Dial, pipelining = 1) {
    this.#dial = dial;
    this.#pipelining = pipelining;
  }

  /**
   * When `signal` ends a request, the socket ends with it. The other requests on it are sent again on another one.
   *
   * @throws Error with the reason of `signal`, of the dial, or of the end of the socket; UnreadableReply
   */
  async send(request: EngineRequest, options: SendOptions): Promise<EngineReply> {
    this.#underWay++;
    try {
      for (;;) {
        const attempt = await this.#attempt(request, options);
        if (attempt !== 'again') return attempt;
      }
    } finally {
      this.#underWay--;
    }
  }

  /** Fails what is under way. The next request dials again. */
  close(): void {
    void this.#client?.destroy(new Error('its connection was closed'));
  }

  async #attempt(request: EngineRequest, { signal, idleMs = 0, onData }: SendOptions): Promise<EngineReply | 'again'> {
    const client = await this.#open();
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<EngineReply | 'again'>();
    const body = new Collector(LIMITS.dockerReply);
    let controller: Dispatcher.DispatchController | undefined;
    let reply: Omit<EngineReply, 'body'> | undefined;
    const giveUp = (): void => {
      reject(signal.reason);
      controller?.abort(signal.reason);
      // Nothing else ends a dial that hangs.
      if (this.#socket === undefined) void client.destroy(hungUp('the dial hangs'));
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (signal.aborted) started.abort(signal.reason);
      },
      onResponseStart: (_, status, headers) => {
        const version = headers['api-version'];
        reply = { status, apiVersion: typeof version === 'string' ? version : version?.[0] };
        if (status >= 200) this.#socket?.wasRead();
      },
      onResponseData: (_, bytes) => {
        this.#socket?.wasRead();
        if (onData !== undefined && reply !== undefined && reply.status < 300) onData(bytes);
        else body.add(bytes);
      },
      onResponseEnd: () => {
        this.#answered = true;
        this.#socket?.wasRead();
        if (reply !== undefined) resolve({ ...reply, body: body.take() });
      },
      onResponseError: (_, error) => {
        // An Engine may close a socket at any time. One that closes before its first answer might never answer.
        if (request.method === 'GET' && this.#answered && isHangUp(error)) resolve('again');
        else reject(error);
      },
    };
    signal.addEventListener('abort', giveUp, { once: true });
    const { headers } = request;
    const sent =
      request.body === undefined
        ? { ...(headers && { headers }) }
        : { body: JSON.stringify(request.body), headers: { ...headers, ...JSON_BODY } };
    const { method, path } = request;
    // `blocking` would hold the requests behind this one back until its answer begins.
    client.dispatch({ method, path, ...sent, bodyTimeout: idleMs, blocking: this.#pipelining === 1 }, handler);
    return await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  async #open(): Promise<Client> {
    if (this.#live !== undefined) return this.#live;
    this.#dialled ??= this.#connect();
    // Its failure is that of the requests that wait for it.
    this.#dialled.catch(() => {});
    // That takes some 25 ms: only a run that asks Docker something pays for it.
    const { default: HttpClient } = await import('undici/lib/dispatcher/client.js');
    if (this.#live !== undefined) return this.#live;
    const client: Client = new HttpClient('http://docker.invalid', {
      ...CLIENT_OPTIONS,
      pipelining: this.#pipelining,
      connect: (_, done) => {
        const dialled = this.#dialled ?? this.#connect();
        this.#dialled = undefined;
        const use = (socket: DialledSocket): void => {
          if (client.destroyed) socket.destroy();
          else this.#socket = socket;
          if (socket.destroyed) done(socket.errored ?? hungUp('the Docker socket was closed at once'), null);
          else done(null, socket as never);
        };
        // What the client throws is no failure of the dial.
        dialled.then(use, (error: Error) => done(error, null)).catch(drop);
      },
    });
    const drop = (error: Error): void => void client.destroy(error);
    client.on('disconnect', (_origin, _targets, error) => {
      // The client sends unanswered requests again on another socket. That is worth one only where the Engine is healthy.
      const ours = Reflect.get(error, 'code') === 'UND_ERR_INFO';
      if (!ours && !(this.#answered && isHangUp(error))) drop(error);
    });
    // Without a listener, an error that belongs to no request would end the process.
    const emitter: EventEmitter = client;
    emitter.on('error', drop);
    this.#client = client;
    return client;
  }

  get #live(): Client | undefined {
    return this.#client?.destroyed === false ? this.#client : undefined;
  }

  async #connect(): Promise<DialledSocket> {
    let socket: DialledSocket | undefined;
    this.#socket = undefined;
    this.#answered = false;
    const stream = await this.#dial(() => {
      if (this.#underWay === 0) socket?.destroy();
      return socket?.destroyed ?? false;
    });
    socket = new DialledSocket(stream);
    // It may fail before the client listens, which would end the process.
    socket.on('error', () => {});
    // A stream that closed during the hand-over emits nothing more, and its requests would wait forever.
    if (stream.destroyed) socket.destroy(stream.errored ?? undefined);
    return socket;
  }
}

const JSON_BODY = { 'content-type': 'application/json' } as const;
