import type { LastMoved, PeerConnection } from './connections.ts';

export interface Judging {
  /** Addresses of balancers whose own views show no request here: trusted if the connection itself shows nothing. */
  readonly idleBalancers: ReadonlySet<string>;
  /** Milliseconds without data before a connection counts as idle: slow streams are busy between their packets. */
  readonly stillMs: number;
  /** The longest legitimate request in milliseconds. */
  readonly longestMs: number;
}

/**
 * Why a connection counts as busy; undefined: it is open but idle. A response is sent after its request was received.
 * So if the last receive is newer than the last send, a request waits for its response, even without data. In doubt the
 * connection is busy.
 *
 * The kernel counts in ticks of up to 10 ms. A quick response may seem as if the next request came at once: with
 * HAProxy before nginx, that was true for 8 to 23 of 40 waiting requests, and for up to 37 of 40 idle connections. The
 * peer's acknowledgement decides. It travels with the next request; after the last response it comes alone, some ticks
 * later. On an idle machine this separated all of them, every time; under load it may come in the same tick. Then the
 * view of a balancer in `idleBalancers` decides, and otherwise the longest legitimate request is waited for.
 */
export function busyWith(connection: PeerConnection, judging: Judging): string | undefined {
  const { state, sending, unread, last, peer } = connection;
  // A FIN itself takes one byte of the sequence.
  if (state === 'closing') return sending > 1 ? 'response in progress' : undefined;
  if (unread > 0) return 'request not yet read';
  if (sending > 0) return 'response in progress';
  if (last === undefined) return judging.idleBalancers.has(peer) ? undefined : 'open, purpose unknown';
  if (last.segments?.received === 0) return undefined;
  if (Math.min(last.sentAgo, last.receivedAgo) < judging.stillMs) return 'data moving';
  if (last.receivedAgo === last.sentAgo) return sameTick(last, judging.idleBalancers.has(peer), judging.longestMs);
  if (last.receivedAgo > last.sentAgo) return undefined;
  // Older than any legitimate request, and the balancer knows of none: it gave up during a network outage.
  const forsaken = last.receivedAgo >= judging.longestMs && judging.idleBalancers.has(peer);
  return forsaken ? undefined : 'request waits for its response';
}

function sameTick(
  { sentAgo, ackedAgo, segments }: LastMoved,
  idleBalancers: boolean,
  longestMs: number,
): string | undefined {
  if (segments?.sent === 0) return 'request waits for its response';
  // The only received segment was the request, and everything sent came after it.
  if (segments?.received === 1) return undefined;
  if (ackedAgo < sentAgo || idleBalancers || sentAgo >= longestMs) return undefined;
  return 'request may wait for its response';
}
