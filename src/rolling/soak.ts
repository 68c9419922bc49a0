import type { Counters } from '../core/host/balancer.ts';

/** What one balancer counted for one node from the beginning to the end of the watch. */
export interface Window {
  readonly begin: Counters;
  readonly end: Counters;
}

export interface Verdict {
  /** `noTraffic`: the peers give nothing to compare with. `inconclusive`: they do, and this node gets too few requests. */
  readonly verdict: 'pass' | 'fail' | 'noTraffic' | 'inconclusive';
  readonly why: string;
}

type Kind = 'status4xx' | 'status5xx' | 'connectErrors' | 'responseErrors';

/**
 * By how much a node's share of bad answers may exceed its siblings'. Clients cause 4xx themselves, and not evenly; the
 * others are never right.
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

/** A share must also be so many times the siblings': where everybody has 10%, 12% says nothing. */
const FACTOR = 2;
/** Fewer bad answers than these prove nothing, whatever their share. */
const LEAST_ERRORS = 5;
/** Fewer requests than these, and a share of them means nothing. */
const LEAST_REQUESTS = 20;
/** With nothing to compare with, more than this share of errors that are never right is bad. */
const ALONE = 0.05;

/**
 * How often a node that is as good as its peers may fail by chance, at most, for each kind of error: at all early looks together,
 * and at the last one. Noisy clients make 4xx all the time, so less of those is left to chance.
 */
export const FALSE_ALARMS = { early: 0.0001, last: 0.005, last4xx: 0.0002 } as const;

type Sums = Readonly<Record<Kind | 'requests', number>>;

/**
 * Compares what a node answered with what its siblings did over the same time. One window for each balancer that counts.
 * It fails where the share of a kind of bad answers exceeds the siblings' by its margin and twofold, in at least five
 * answers, and where a good node would get so many at most as often as `FALSE_ALARMS` says. Siblings without requests give nothing to compare with; then only errors that are never right count. Too few
 * requests of its own beside siblings that get some, or a balancer that was reloaded meanwhile, are inconclusive.
 *
 * @example compareCounters([{ begin, end }], siblings).verdict // 'pass'
 */
export function compareCounters(node: readonly Window[], siblings: readonly Window[]): Verdict {
  const own = sumsOf(node);
  const others = sumsOf(siblings);
  if (siblings.every(gotNothing)) return alone(own, siblings.length);
  if (own === undefined || others === undefined)
    return { verdict: 'inconclusive', why: 'a balancer was reloaded meanwhile and began to count anew' };
  const { last } = FALSE_ALARMS;
  const fault = others.requests < LEAST_REQUESTS ? badAlone(own, last) : worse(own, others, last);
  if (fault !== undefined) return { verdict: 'fail', why: fault };
  if (own.requests < LEAST_REQUESTS) return { verdict: 'inconclusive', why: few(own) };
  if (others.requests < LEAST_REQUESTS) return { verdict: 'noTraffic', why: few(others, 'its peers: ') };
  return { verdict: 'pass', why: `${own.requests} requests, no more errors than its peers` };
}

/**
 * Why a node is so bad that the comparison need not go on; undefined: it must go on. `nth`: the number of this look, from 1. The looks
 * share the false alarms that early looks may have, so that there may be as many as wanted: the nth may have 1 / (n (n + 1)) of them.
 * Peers that have few requests so far are waited for.
 *
 * @example failsEarly([{ begin, end }], siblings, 1) // '100.0% 5xx responses (16 in 16 requests), its peers 0.0%'
 */
export function failsEarly(node: readonly Window[], siblings: readonly Window[], nth: number): string | undefined {
  const own = sumsOf(node);
  const others = sumsOf(siblings);
  const limit = FALSE_ALARMS.early / (nth * (nth + 1));
  if (own === undefined || others === undefined) return undefined;
  if (siblings.length === 0) return badAlone(own, limit);
  return others.requests < LEAST_REQUESTS ? undefined : worse(own, others, limit);
}

/** A node has got so many requests that a share of them says something, or there is no traffic at all to wait for. */
export function isEnough(node: readonly Window[], siblings: readonly Window[]): boolean {
  return (sumsOf(node)?.requests ?? 0) >= LEAST_REQUESTS || [...node, ...siblings].every(gotNothing);
}

/** A balancer that began to count anew got what it shows now, at least. */
const gotNothing = ({ begin, end }: Window): boolean =>
  end.requests === (begin.epoch === end.epoch ? begin.requests : 0);

function alone(own: Sums | undefined, siblings: number): Verdict {
  const fault = own && badAlone(own, FALSE_ALARMS.last);
  if (fault !== undefined) return { verdict: 'fail', why: fault };
  return {
    verdict: 'noTraffic',
    why: siblings === 0 ? 'no other node counts requests' : 'its peers got no requests',
  };
}

const few = ({ requests }: Sums, whose = ''): string => `${whose}${requests} of ${LEAST_REQUESTS}`;

function worse(own: Sums, others: Sums, limit: number): string | undefined {
  for (const kind of KINDS) {
    const [mine, theirs] = [share(own, kind), share(others, kind)];
    const part = trials(own, kind) / (trials(own, kind) + trials(others, kind));
    const isBeyond = own[kind] >= LEAST_ERRORS && mine > theirs + MARGIN[kind] && mine > theirs * FACTOR;
    const most = kind === 'status4xx' ? Math.min(limit, FALSE_ALARMS.last4xx) : limit;
    if (isBeyond && chance(own[kind], own[kind] + others[kind], part) <= most)
      return `${percent(mine)} ${NAMES[kind]} (${own[kind]} in ${own.requests} requests), its peers ${percent(theirs)}`;
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

/** A connect may fail again and again for one request, so there can be more failures than requests. */
const trials = (sums: Sums, kind: Kind): number => Math.max(1, sums.requests, sums[kind]);

const share = (sums: Sums, kind: Kind): number => sums[kind] / trials(sums, kind);

/**
 * At most so often `of` cases give `count` hits or more where each is one with a probability of `each` (the Chernoff bound, e to
 * the power of -of · KL). Errors that fall on nodes by chance hit this node with its part of all requests.
 */
function chance(count: number, of: number, each: number): number {
  const seen = count / of;
  if (seen <= each) return 1;
  const missed = seen === 1 ? 0 : (1 - seen) * Math.log((1 - seen) / (1 - each));
  return Math.exp(-of * (seen * Math.log(seen / each) + missed));
}

const percent = (of: number): string => `${(of * 100).toFixed(1)}%`;

/** What was added during the windows; undefined where a balancer began anew. */
function sumsOf(windows: readonly Window[]): Sums | undefined {
  const anew = windows.some(({ begin, end }) => begin.epoch !== end.epoch || end.requests < begin.requests);
  if (anew) return undefined;
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
