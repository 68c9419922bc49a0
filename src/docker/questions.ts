import type { Duplex } from 'node:stream';
import type { Dial } from './agent.ts';
import { isHangUp } from './call.ts';
import { firstReply, type HttpReply } from './http-reply.ts';

interface Question {
  readonly path: string;
  resolve(reply: HttpReply): void;
  reject(error: unknown): void;
}

/**
 * GET requests to an Engine, one behind the other on one socket; none waits for the answer to the one before. A socket for
 * each would be a session, a sudo and a process for each on a host whose Docker is reached through sudo.
 */
export class Questions {
  readonly #dial: Dial;
  #line: Line | undefined;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** When `signal` ends a question, the socket ends with it; what else was asked there is asked on another one. */
  async get(path: string, signal: AbortSignal): Promise<HttpReply> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpReply>();
    const question = { path, resolve, reject };
    const giveUp = (): void => {
      reject(signal.reason);
      this.#line?.leave(question);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#ask(question);
    return await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  close(): void {
    this.#line?.end();
  }

  #ask(question: Question): void {
    this.#line ??= new Line(this.#dial, (left, error) => {
      this.#line = undefined;
      for (const unanswered of left)
        if (error === undefined) this.#ask(unanswered);
        else unanswered.reject(error);
    });
    this.#line.ask(question);
  }
}

/** One socket and what was asked on it. */
class Line {
  readonly #onEnd: (left: readonly Question[], error: unknown) => void;
  readonly #waiting: Question[] = [];
  #socket: Duplex | undefined;
  #heard: Buffer = Buffer.alloc(0);
  #answered = false;
  #over = false;

  /** `onEnd` is told what was not answered: with no error where that is worth another socket. */
  constructor(dial: Dial, onEnd: (left: readonly Question[], error: unknown) => void) {
    this.#onEnd = onEnd;
    dial(() => this.release()).then(
      (socket) => this.#open(socket),
      (error: unknown) => this.end(error),
    );
  }

  ask(question: Question): void {
    this.#waiting.push(question);
    this.#socket?.write(requestOf(question));
  }

  leave(question: Question): void {
    const at = this.#waiting.indexOf(question);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.end();
  }

  release(): boolean {
    if (this.#waiting.length === 0) this.end();
    return this.#over;
  }

  end(error?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket?.destroy();
    // An Engine that has answered here may close a socket when it likes; one that has not might never do otherwise.
    const again = this.#answered && (error === undefined || isHangUp(error));
    this.#onEnd(this.#waiting.splice(0), again ? undefined : (error ?? hungUp()));
  }

  #open(socket: Duplex): void {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
    socket.on('error', (error) => this.end(error));
    socket.on('end', () => this.end());
    socket.on('close', () => this.end());
    if (this.#over || socket.destroyed) {
      socket.destroy();
      this.end(socket.errored ?? undefined);
    } else socket.write(this.#waiting.map(requestOf).join(''));
  }

  #hear(bytes: Buffer): void {
    this.#heard = this.#heard.length === 0 ? bytes : Buffer.concat([this.#heard, bytes]);
    try {
      for (let found = firstReply(this.#heard); found !== undefined; found = firstReply(this.#heard)) {
        this.#heard = found.rest;
        this.#answered = true;
        this.#waiting.shift()?.resolve(found.reply);
      }
    } catch (error) {
      this.end(error);
    }
  }
}

const requestOf = ({ path }: Question): string => `GET ${path} HTTP/1.1\r\nHost: docker.invalid\r\n\r\n`;

const hungUp = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
