import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';

const silentAfterMs = 30_000;

/** The target of a load: one frontend of one balancer. */
export interface Target {
  readonly balancer: string;
  /** `http` or `tcp`. */
  readonly name: string;
  readonly url: string;
  /** Each connection stays with one gateway: a client must close it now and then. */
  readonly glued: boolean;
}

/** One request with a whole response; returns the gateway that responded. */
export async function exchange(
  target: Target,
  path: string,
  options: RequestOptions & { body?: string } = {},
): Promise<string> {
  const { body, timeout = silentAfterMs, ...rest } = options;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sending = request(`${target.url}${path}`, {
      agent: false,
      ...rest,
      // As an option of the request it covers the connection, too.
      timeout,
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'content-length': Buffer.byteLength(body) },
    });
    sending.once('timeout', () => sending.destroy(new Error(`no response for ${timeout / 1000} s`)));
    sending.once('response', resolve).once('error', reject).end(body);
  });
  let text = '';
  let length = 0;
  // A truncated body makes this throw ECONNRESET.
  for await (const chunk of answer) {
    length += chunk.length;
    if (length < 10_000) text += chunk;
  }
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
  if (length !== Number(answer.headers['content-length'] ?? length)) throw new Error('body cut short');
  if (body !== undefined && !text.endsWith(body)) throw new Error('another body came back');
  const gateway = answer.headers['x-gateway'];
  if (typeof gateway !== 'string') throw new Error('no X-Gateway');
  return gateway;
}

/** A pool of kept connections. Connections that stay with one gateway are replaced every few seconds. */
export class Connections {
  readonly #target: Target;
  #agent = new Agent({ keepAlive: true });
  #since = performance.now();
  readonly #open = new Map<Agent, number>();

  constructor(target: Target) {
    this.#target = target;
  }

  async exchange(path: string, body?: string): Promise<string> {
    if (this.#target.glued && performance.now() - this.#since > 3000) this.#renew();
    const agent = this.#agent;
    this.#open.set(agent, (this.#open.get(agent) ?? 0) + 1);
    try {
      return await exchange(this.#target, path, { agent, ...(body !== undefined && { body }) });
    } finally {
      const open = (this.#open.get(agent) ?? 1) - 1;
      this.#open.set(agent, open);
      if (agent !== this.#agent && open === 0) this.#drop(agent);
    }
  }

  close(): void {
    this.#drop(this.#agent);
  }

  #renew(): void {
    const old = this.#agent;
    this.#agent = new Agent({ keepAlive: true });
    this.#since = performance.now();
    if ((this.#open.get(old) ?? 0) === 0) this.#drop(old);
  }

  #drop(agent: Agent): void {
    this.#open.delete(agent);
    agent.destroy();
  }
}

/** A websocket that gets one greeting a second and must echo each; closed by the client after that many. */
export function echoes(target: Target, greetings: number, running: () => boolean): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${target.url.replace('http', 'ws')}/echo`);
    let printed = 0;
    let last = '';
    let silence: NodeJS.Timeout | undefined;
    const fail = (why: string) => {
      clearTimeout(silence);
      reject(new Error(why));
      socket.close();
    };
    const greet = () => {
      if (printed >= greetings || !running()) return socket.close(1000);
      last = `greeting ${printed++}`;
      socket.send(last);
      silence = setTimeout(() => fail('no echo'), silentAfterMs);
    };
    socket.onopen = greet;
    socket.onmessage = ({ data }) => {
      clearTimeout(silence);
      if (data !== last) return fail('another echo');
      setTimeout(() => (socket.readyState === WebSocket.OPEN ? greet() : undefined), 1000);
    };
    socket.onclose = ({ code }) => (code === 1000 ? resolve(undefined) : fail(`closed with ${code}`));
  });
}
