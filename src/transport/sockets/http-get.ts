import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressWithPort } from '../../core/base/address-text.ts';
import { defined } from '../../core/base/data.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import { Collector } from '../../core/bounds/collector.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import type { HttpLogin, HttpReply, HttpRequest, HttpTls } from '../../core/host/connection.ts';
import { DialError, type Dialer } from './dialer.ts';
import { inTime } from './in-time.ts';

// An import would load everything that the module exports, including WebSocket and Node's whole fetch: 60 ms.
const { request } = process.getBuiltinModule('node:http');

const DEFAULT_TIMEOUT_MS = 5000;
export const BODY_LIMIT: number = LIMITS.httpBody.bytes;

export type HttpMethod = 'GET' | 'POST';

/** A request with its defaults filled in. */
export interface HttpTarget extends Pick<HttpRequest, 'login' | 'tls'> {
  readonly method: HttpMethod;
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
  readonly authority: string;
  /** The Host header. */
  readonly host: string;
}

export function httpTarget(asked: HttpRequest, method: HttpMethod = 'GET'): HttpTarget {
  const address = asked.address ?? '127.0.0.1';
  const authority = addressWithPort(address, asked.port);
  const { port, path, timeoutMs = DEFAULT_TIMEOUT_MS, host = authority, login, tls } = asked;
  return { method, address, port, path, timeoutMs, authority, host, ...defined({ login, tls }) };
}

export const urlOf = ({ tls, authority, path }: HttpTarget): string =>
  `${tls === undefined ? 'http' : 'https'}://${authority}${path}`;

export const unreachable = (target: HttpTarget, why: string, cause?: unknown): OrchError =>
  new OrchError('HTTP_UNREACHABLE', `${urlOf(target)} does not respond: ${firstChars(why, 300)}`, {
    hint: `check that a service listens at ${target.authority} (ss -ltn), its log, and the firewall`,
    retryable: true,
    cause,
  });

/**
 * An HTTP request over a forwarded socket; needs nothing on the host. Returns `null` if forwarding is prohibited and
 * another way is needed.
 *
 * @throws OrchError HTTP_UNREACHABLE | CONNECTION_LOST
 */
export async function httpOverSocket(dialer: Dialer, target: HttpTarget): Promise<HttpReply | null> {
  const deadline = AbortSignal.timeout(target.timeoutMs);
  try {
    const socket = await inTime(dialer.tcp(target.address, target.port), deadline);
    const { tls } = target;
    return await exchange(tls === undefined ? socket : secured(socket, target.address, tls), target, deadline);
  } catch (error) {
    if (error instanceof OrchError) throw error;
    if (error instanceof DialError && error.refusal === 'prohibited') return null;
    const why = deadline.aborted
      ? `no reply within ${formatDuration(target.timeoutMs)}`
      : error instanceof Error
        ? error.message
        : String(error);
    throw unreachable(target, why, error);
  }
}

/** The controller ends TLS, so that no key is ever on the host. */
function secured(socket: Duplex, address: string, { ca, client, serverName = address }: HttpTls): Duplex {
  const { connect } = process.getBuiltinModule('node:tls');
  try {
    return connect({
      socket,
      host: serverName,
      // RFC 6066: an address is no server name.
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      ...defined({ ca, cert: client?.cert, key: client?.key.reveal() }),
    });
  } catch (error) {
    // A key that does not belong to its certificate fails before anything is sent.
    socket.destroy();
    throw error;
  }
}

/** RFC 7617. */
const basic = ({ username, password }: HttpLogin): string =>
  `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;

const exchange = (socket: Duplex, target: HttpTarget, deadline: AbortSignal): Promise<HttpReply> =>
  new Promise<HttpReply>((resolve, reject) => {
    const body = new Collector(LIMITS.httpBody);
    socket.on('error', reject);
    // A peer that closes at once may be gone before the request uses the socket: then Node reports nothing, not even
    // after an abort.
    socket.on('close', () => reject(new Error('the connection was closed without a reply')));
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true });
    if (socket.destroyed) return reject(new Error('the connection was closed without a reply'));
    const call = request(
      {
        createConnection: () => socket,
        method: target.method,
        path: target.path,
        maxHeaderSize: LIMITS.httpHead.bytes,
        headers: {
          host: target.host,
          connection: 'close',
          'user-agent': 'api7-orch',
          ...defined({ authorization: target.login && basic(target.login) }),
          ...(target.method === 'POST' ? { 'content-length': 0 } : {}),
        },
        signal: deadline,
      },
      (reply) => {
        const done = (): void => {
          resolve({ status: reply.statusCode ?? 0, body: body.bytes().toString() });
          socket.destroy();
        };
        reply.on('data', (chunk: Buffer) => {
          body.add(chunk.subarray(0, BODY_LIMIT - body.length));
          if (body.length >= BODY_LIMIT) done();
        });
        reply.on('end', done);
        reply.on('error', reject);
      },
    );
    call.on('error', (error) => {
      socket.destroy();
      reject(error);
    });
    call.end();
  });
