import { expect, test } from 'vitest';
import type { Counters } from '../../src/core/host/balancer.ts';
import { compareCounters, type Window } from '../../src/rolling/soak.ts';

const ZERO: Counters = { requests: 0, status4xx: 0, status5xx: 0, connectErrors: 0, responseErrors: 0, epoch: '1' };

/** Counts within the window; earlier counts must not matter. */
const window = (counted: Partial<Counters>, epoch = '1'): Window => {
  const begin = { ...ZERO, requests: 1000, status5xx: 900 };
  const add = (field: 'requests' | 'status4xx' | 'status5xx' | 'connectErrors' | 'responseErrors') =>
    begin[field] + (counted[field] ?? 0);
  return {
    begin,
    end: {
      requests: add('requests'),
      status4xx: add('status4xx'),
      status5xx: add('status5xx'),
      connectErrors: add('connectErrors'),
      responseErrors: add('responseErrors'),
      epoch,
    },
  };
};

/** Counts of a balancer that was reloaded in the window. */
const fresh = (requests: number): Window => ({
  begin: { ...ZERO, requests: 1000 },
  end: { ...ZERO, requests, epoch: '2' },
});

const good = [window({ requests: 300 }), window({ requests: 300 })];

test.each<[string, readonly Window[], readonly Window[], string]>([
  ['no bad answer', [window({ requests: 300 })], good, 'pass'],
  ['four 5xx of 300', [window({ requests: 300, status5xx: 4 })], good, 'pass'],
  ['five 5xx of 300', [window({ requests: 300, status5xx: 5 })], good, 'fail'],
  ['five 5xx of 500: within the margin', [window({ requests: 500, status5xx: 5 })], good, 'pass'],
  ['failed connects', [window({ requests: 100, connectErrors: 5 })], good, 'fail'],
  ['more failed connects than requests', [window({ requests: 0, connectErrors: 50 })], good, 'fail'],
  ['invalid responses', [window({ requests: 100, responseErrors: 5 })], good, 'fail'],
  ['4% more 4xx: clients make them', [window({ requests: 100, status4xx: 4 })], good, 'pass'],
  ['every answer 404', [window({ requests: 100, status4xx: 100 })], good, 'fail'],
  [
    'as many 5xx as all others',
    [window({ requests: 100, status5xx: 12 })],
    [window({ requests: 100, status5xx: 10 })],
    'pass',
  ],
  [
    'the errors of two balancers together',
    [window({ requests: 100, status5xx: 3 }), window({ requests: 100, status5xx: 3 })],
    good,
    'fail',
  ],
  ['few requests', [window({ requests: 19 })], good, 'inconclusive'],
  ['few requests, but all of them bad', [window({ requests: 6, status5xx: 6 })], good, 'fail'],
  ['peers with few requests', [window({ requests: 300 })], [window({ requests: 19 })], 'noTraffic'],
  [
    'peers with few requests, and it gets few, too',
    [window({ requests: 5 })],
    [window({ requests: 1 })],
    'inconclusive',
  ],
  [
    'peers with few requests, and one in ten bad',
    [window({ requests: 300, status5xx: 30 })],
    [window({ requests: 19 })],
    'fail',
  ],
  ['peers without requests', [window({ requests: 300, status5xx: 9 })], [window({})], 'noTraffic'],
  ['peers without requests, and one in ten bad', [window({ requests: 300, status5xx: 30 })], [window({})], 'fail'],
  ['no node gets requests', [window({})], [window({}), window({})], 'noTraffic'],
  ['it gets requests again, and no peer does', [window({ requests: 3 })], [window({})], 'noTraffic'],
  ['no node gets requests, and a balancer was reloaded', [fresh(0)], [fresh(0)], 'noTraffic'],
  ['a peer got requests of a balancer that was reloaded', [fresh(0)], [fresh(1)], 'inconclusive'],
  ['a reload', [window({ requests: 300 }, '2')], good, 'inconclusive'],
  ['a reload where a peer is counted', [window({ requests: 300 })], [window({}, '2')], 'inconclusive'],
  ['no peer to compare with', [window({ requests: 300 })], [], 'noTraffic'],
  ['no peer to compare with, and one in ten bad', [window({ requests: 300, status5xx: 30 })], [], 'fail'],
  ['no peer to compare with, and many 4xx', [window({ requests: 300, status4xx: 200 })], [], 'noTraffic'],
])('%s', (_, node, peers, verdict) => {
  expect(compareCounters(node, peers).verdict).toBe(verdict);
});

test('a verdict shows the counts', () => {
  expect(compareCounters([window({ requests: 200, status5xx: 10 })], good).why).toBe(
    '5.0% 5xx responses (10 in 200 requests), its peers 0.0%',
  );
  expect(compareCounters([window({ requests: 3 })], good).why).toBe('3 of 20');
});
