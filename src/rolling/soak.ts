import type { Counters } from '../core/host/balancer.ts';

/** One balancer's counters for one node, at the beginning and at the end of the soak. */
export interface Window {
  readonly begin: Counters;
  readonly end: Counters;
}

export interface Verdict {
  /** `noTraffic`: the peers have no requests to compare with. `inconclusive`: they have, and this node has too few. */
  readonly verdict: 'pass' | 'fail' | 'noTraffic' | 'inconclusive';
  readonly why: string;
}

type Kind = 'status4xx' | 'status5xx' | 'connectErrors' | 'responseErrors';

/**
 * By how much a node's share of bad responses may exceed its peers' share. Clients cause 4xx themselves, and unevenly;
 * the other kinds are always errors.
 */
const MARGIN: Readonly<Record<Kind, number>> = {
  status4xx: 0.05,
  status5xx: 0.01,
  connectErrors: 0.01,
  responseErrors: 0.01,
};

const NAMES: Readonly<Record<Kind, string>> = {
  status4xx: '4xx responses',
  status5xx: '5xx responses',
  connectErrors: 'failed connects',
  responseErrors: 'invalid responses',
};

/** The share must also be this many times the peers' share: if all peers have 10%, 12% means nothing. */
const FACTOR = 2;
/** Fewer bad responses mean nothing, whatever their share. */
const LEAST_ERRORS = 5;
/** With fewer requests a share means nothing. */
const LEAST_REQUESTS = 20;
/** Without peers to compare with: the highest accepted share of errors that clients never cause. */
const ALONE = 0.05;

/**
 * Highest probability that a healthy node fails by chance, for each kind of error: in all early comparisons together,
 * and in the last one. Noisy clients cause 4xx all the time, so 4xx has a lower limit.
 */
export const FALSE_ALARMS = { early: 0.0001, last: 0.005, last4xx: 0.0002 } as const;

type Sums = Readonly<Record<Kind | 'requests', number>>;

/**
 * Compares a node's responses with its peers' over the same time, with one window for each balancer that counts. The
 * node fails if all of these hold for a kind of bad response: its share exceeds the peers' by the margin and by
 * `FACTOR`, there are at least five of them, and a healthy node would get that many at most as often as `FALSE_ALARMS`
 * allows. If peers have no requests, only errors that clients never cause count. The result is inconclusive if the node
 * has too few requests although its peers have some, or if a balancer was reloaded meanwhile.
 *
 * @example compareCounters([{ begin, end }], peers).verdict // 'pass'
 */
export function compareCounters(node: readonly Window[], peers: readonly Window[]): Verdict {
  const own = sumsOf(node);
  const others = sumsOf(peers);
  if (peers.every(gotNothing)) return alone(own, peers.length);
  if (own === undefined || others === undefined)
    return { verdict: 'inconclusive', why: 'a balancer was reloaded meanwhile, which reset its counters' };
  const { last } = FALSE_ALARMS;
  const fault = others.requests < LEAST_REQUESTS ? badAlone(own, last) : worse(own, others, last);
  if (fault !== undefined) return { verdict: 'fail', why: fault };
  if (own.requests < LEAST_REQUESTS) return { verdict: 'inconclusive', why: few(own) };
  if (others.requests < LEAST_REQUESTS) return { verdict: 'noTraffic', why: few(others, 'its peers: ') };
  return { verdict: 'pass', why: `${own.requests} requests, no more errors than its peers` };
}

/**
 * Why a node is so bad that the soak can end early; undefined: the soak continues. `nth`: the number of this
 * comparison, from 1. All early comparisons share one probability of false alarms, however many there are: the nth gets
 * 1 / (n (n + 1)) of it. Waits for peers that have few requests so far.
 *
 * @example failsEarly([{ begin, end }], peers, 1) // '100.0% 5xx responses (16 in 16 requests), its peers 0.0%'
 */
export function failsEarly(node: readonly Window[], peers: readonly Window[], nth: number): string | undefined {
  const own = sumsOf(node);
  const others = sumsOf(peers);
  const limit = FALSE_ALARMS.early / (nth * (nth + 1));
  if (own === undefined || others === undefined) return undefined;
  if (peers.length === 0) return badAlone(own, limit);
  return others.requests < LEAST_REQUESTS ? undefined : worse(own, others, limit);
}

/** Whether a node has enough requests for a share to mean something, or there is no traffic to wait for. */
export function isEnough(node: readonly Window[], peers: readonly Window[]): boolean {
  return (sumsOf(node)?.requests ?? 0) >= LEAST_REQUESTS || [...node, ...peers].every(gotNothing);
}

/** A balancer whose counters were reset has counted at least what it shows now. */
const gotNothing = ({ begin, end }: Window): boolean =>
  end.requests === (begin.epoch === end.epoch ? begin.requests : 0);

function alone(own: Sums | undefined, peers: number): Verdict {
  const fault = own && badAlone(own, FALSE_ALARMS.last);
  if (fault !== undefined) return { verdict: 'fail', why: fault };
  return {
    verdict: 'noTraffic',
    why: peers === 0 ? 'no other node counts requests' : 'its peers got no requests',
  };
}

const few = ({ requests }: Sums, whose = ''): string => `${whose}${requests} of ${LEAST_REQUESTS}`;

function worse(own: Sums, others: Sums, limit: number): string | undefined {
  for (const kind of KINDS) {
    const [ownShare, peerShare] = [share(own, kind), share(others, kind)];
    const part = trials(own, kind) / (trials(own, kind) + trials(others, kind));
    const isBeyond = own[kind] >= LEAST_ERRORS && ownShare > peerShare + MARGIN[kind] && ownShare > peerShare * FACTOR;
    const most = kind === 'status4xx' ? Math.min(limit, FALSE_ALARMS.last4xx) : limit;
    if (isBeyond && chance(own[kind], own[kind] + others[kind], part) <= most)
      return `${percent(ownShare)} ${NAMES[kind]} (${own[kind]} in ${own.requests} requests), its peers ${percent(peerShare)}`;
  }
  return undefined;
}

function badAlone(own: Sums, limit: number): string | undefined {
  const kind = KINDS.find(
    (one) =>
      one !== 'status4xx' &&
      own[one] >= LEAST_ERRORS &&
      share(own, one) > ALONE &&
      chance(own[one], trials(own, one), ALONE) <= limit,
  );
  return kind && `${percent(share(own, kind))} ${NAMES[kind]} (${own[kind]} in ${own.requests} requests)`;
}

const KINDS: readonly Kind[] = ['status5xx', 'connectErrors', 'responseErrors', 'status4xx'];

/** One request may cause several failed connects, so failures can exceed requests. */
const trials = (sums: Sums, kind: Kind): number => Math.max(1, sums.requests, sums[kind]);

const share = (sums: Sums, kind: Kind): number => sums[kind] / trials(sums, kind);

/**
 * Upper bound for the probability of `count` hits or more in `of` cases, each with the probability `each` (the Chernoff
 * bound, e to the power of -of · KL). Errors that hit nodes by chance hit this node in proportion to its requests.
 */
function chance(count: number, of: number, each: number): number {
  const seen = count / of;
  if (seen <= each) return 1;
  const missed = seen === 1 ? 0 : (1 - seen) * Math.log((1 - seen) / (1 - each));
  return Math.exp(-of * (seen * Math.log(seen / each) + missed));
}

const percent = (of: number): string => `${(of * 100).toFixed(1)}%`;

/** Sums over the windows; undefined if a balancer's counters were reset. */
function sumsOf(windows: readonly Window[]): Sums | undefined {
  const wasReset = windows.some(({ begin, end }) => begin.epoch !== end.epoch || end.requests < begin.requests);
  if (wasReset) return undefined;
  const sum = (field: keyof Sums): number =>
    windows.reduce((all, { begin, end }) => all + end[field] - begin[field], 0);
  return {
    requests: sum('requests'),
    status4xx: sum('status4xx'),
    status5xx: sum('status5xx'),
    connectErrors: sum('connectErrors'),
    responseErrors: sum('responseErrors'),
  };
}
