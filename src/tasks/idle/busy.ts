import type { LastMoved, PeerConnection } from './connections.ts';

export interface Judging {
  /** Addresses of balancers that say themselves that none of their requests runs here: believed where nothing else tells. */
  readonly idleBalancers: ReadonlySet<string>;
  /** For so long nothing must have moved, milliseconds: what drips is busy between two drops. */
  readonly stillMs: number;
  /** The longest that a request may rightly take, milliseconds. */
  readonly longestMs: number;
}

/**
 * Why a connection counts as busy; undefined: it is kept open for later and nothing runs on it. An answer is sent after its
 * request was received: where the last thing received is younger than the last thing sent, a request waits for its response,
 * however silent it is meanwhile. What cannot be told is busy.
 *
 * The kernel counts in ticks of up to 10 ms, in which a quick answer looks like one whose next request came at once: HAProxy
 * before nginx left 8 to 23 of 40 waiting requests that way, and up to 37 of 40 idle connections. The peer's acknowledgement
 * decides. The next request brings it along; after the last answer it comes by itself, some ticks later. On a machine with
 * little to do that told all of them apart, each time; with much to do it comes in the same tick, too. Then a vouched
 * balancer's own word is taken, and else the time waited that a request may take.
 */
export function busyWith(connection: PeerConnection, judging: Judging): string | undefined {
  const { state, sending, unread, last, peer } = connection;
  // Closing itself takes one byte of the sequence.
  if (state === 'closing') return sending > 1 ? 'response in progress' : undefined;
  if (unread > 0) return 'request not yet read';
  if (sending > 0) return 'response in progress';
  if (last === undefined) return judging.idleBalancers.has(peer) ? undefined : 'open, purpose unknown';
  if (last.segments?.received === 0) return undefined;
  if (Math.min(last.sentAgo, last.receivedAgo) < judging.stillMs) return 'data moving';
  if (last.receivedAgo === last.sentAgo) return sameTick(last, judging.idleBalancers.has(peer), judging.longestMs);
  if (last.receivedAgo > last.sentAgo) return undefined;
  // Longer than any request may take, and the balancer knows of none: it gave up while the network between them was away.
  const forsaken = last.receivedAgo >= judging.longestMs && judging.idleBalancers.has(peer);
  return forsaken ? undefined : 'request waits for its response';
}

function sameTick(
  { sentAgo, ackedAgo, segments }: LastMoved,
  idleBalancers: boolean,
  longestMs: number,
): string | undefined {
  if (segments?.sent === 0) return 'request waits for its response';
  // The only thing that ever came was the request; whatever was sent came after it.
  if (segments?.received === 1) return undefined;
  if (ackedAgo < sentAgo || idleBalancers || sentAgo >= longestMs) return undefined;
  return 'request may wait for its response';
}
