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
  // A socket through sudo costs a session and two processes, so it stays open until it is released or closed.
  keepAliveTimeout: 2 ** 31 - 1,
  // Each request has its own signal.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

/**
 * HTTP requests over one socket, which is replaced when it ends. Up to `pipelining` GETs are sent without waiting for
 * replies; other requests wait until the earlier ones are answered.
 */
export class HttpConnection {
  readonly #dial: Dial;
  readonly #pipelining: number;
  #client: Client | undefined;
  #socket: DialledSocket | undefined;
  /** The socket is opened while the HTTP client loads. */
  #dialled: Promise<DialledSocket> | undefined;
  /** Whether this socket has carried a reply. */
  #answered = false;
  #underWay = 0;

  constructor(dial: Dial, pipelining = 1) {
    this.#dial = dial;
    this.#pipelining = pipelining;
  }

  /**
   * If `signal` ends a request, the socket ends with it. Other requests on it are repeated on another socket.
   *
   * @throws Error with the reason of `signal`, of the dial, or of the socket's end; UnreadableReply
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

  /** Fails pending requests. The next request opens a new socket. */
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
      // A hanging dial ends in no other way.
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
        // An Engine may close a socket at any time. An Engine that closes before its first reply might never answer.
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
    // `blocking` would delay later requests until this one's reply begins.
    client.dispatch({ method, path, ...sent, bodyTimeout: idleMs, blocking: this.#pipelining === 1 }, handler);
    return await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  async #open(): Promise<Client> {
    if (this.#live !== undefined) return this.#live;
    this.#dialled ??= this.#connect();
    // Its failure is reported by the requests that wait for it.
    this.#dialled.catch(() => {});
    // This import takes about 25 ms: only runs that use Docker pay for it.
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
        // An exception of the client is no failure of the dial.
        dialled.then(use, (error: Error) => done(error, null)).catch(drop);
      },
    });
    const drop = (error: Error): void => void client.destroy(error);
    client.on('disconnect', (_origin, _targets, error) => {
      // The client repeats unanswered requests on another socket, which makes sense only if the Engine is healthy.
      const ours = Reflect.get(error, 'code') === 'UND_ERR_INFO';
      if (!ours && !(this.#answered && isHangUp(error))) drop(error);
    });
    // Without a listener, an error outside of a request would end the process.
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
    // A stream that closed earlier emits nothing more, and its requests would wait forever.
    if (stream.destroyed) socket.destroy(stream.errored ?? undefined);
    return socket;
  }
}

const JSON_BODY = { 'content-type': 'application/json' } as const;
