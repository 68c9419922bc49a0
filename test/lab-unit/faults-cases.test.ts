import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caseOf, faultNames, isLong, sampleOf, selectedBy, strikes } from '../lab/faults/cases.ts';

const faultsOf = (seeds: readonly number[]) => seeds.map((seed) => caseOf(seed).fault);
const now = new Date('2026-11-29T23:59:59Z');

describe('the lab faults of one day', () => {
  test('are one case of each of the 18 kinds, on any day', () => {
    expect(faultNames).toHaveLength(18);
    const day = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(day, (date) => {
        expect(faultsOf(selectedBy({}, date).seeds)).toEqual(faultNames);
      }),
    );
  });

  test('repeat the command of six of them, each kind within three months', () => {
    const drawn = new Set<string>();
    for (let day = 0; day < 90; day++) {
      const { seeds, repeated } = selectedBy({}, new Date(now.getTime() + day * 86_400_000));
      expect(new Set(repeated).size).toBe(6);
      expect(seeds).toEqual(expect.arrayContaining([...repeated]));
      for (const seed of repeated) drawn.add(caseOf(seed).fault);
    }
    expect([...drawn].toSorted()).toEqual([...faultNames].toSorted());
  });

  test('reach every moment of every kind within a year', () => {
    const drawn = new Set<string>();
    for (let day = 0; day < 365; day++) {
      for (const seed of selectedBy({}, new Date(now.getTime() + day * 86_400_000)).seeds) {
        const { fault, moment } = caseOf(seed);
        drawn.add(`${fault}, ${moment}`);
      }
    }
    expect([...drawn].sort()).toEqual(
      strikes
        .filter((strike) => !isLong(strike))
        .map(({ fault, moment }) => `${fault}, ${moment}`)
        .sort(),
    );
  });

  test('also draw the victim, the balancer and the batch size', () => {
    const cases = [20261129, 20261130, 20261201].flatMap(sampleOf).map(caseOf);
    expect(new Set(cases.map(({ victim }) => victim))).toEqual(new Set(['gw-1', 'gw-2', 'gw-3']));
    expect(new Set(cases.map(({ balancer }) => balancer))).toEqual(new Set(['lb-1', 'lb-2']));
    expect(new Set(cases.map(({ atOnce }) => atOnce))).toEqual(new Set([1, 2]));
  });
});

describe('the selection of lab faults', () => {
  const all = strikes.map((_, index) => index + 1);

  test.each([
    ['the sample of the day by default', {}, { name: 'day:20261129', seeds: sampleOf(20261129) }],
    [
      'the sample of a named day',
      { API7_ORCH_SEED: 'day:20240229' },
      { name: 'day:20240229', seeds: sampleOf(20240229) },
    ],
    ['every strike for "all"', { API7_ORCH_SEED: 'all' }, { name: 'all', seeds: all }],
    ['every strike when everything runs', { API7_ORCH_ALL: '1' }, { name: 'all', seeds: all }],
    [
      'named seeds also when everything runs',
      { API7_ORCH_ALL: '1', API7_ORCH_SEED: '7,12' },
      { name: '7,12', seeds: [7, 12] },
    ],
  ])('is %s', (_, environment, selection) => {
    expect(selectedBy(environment, now)).toMatchObject(selection);
  });

  test('repeats the command of each case that is named, or of all', () => {
    expect(selectedBy({ API7_ORCH_SEED: '7,12' }).repeated).toEqual([7, 12]);
    expect(selectedBy({ API7_ORCH_ALL: '1' }).repeated).toEqual(all);
  });

  test.each(['x', '0', '1.5', '7,', 'day:2026', 'day:2026-11-29'])('refuses %s', (seed) => {
    expect(() => selectedBy({ API7_ORCH_SEED: seed }, now)).toThrow(`API7_ORCH_SEED=${seed}`);
  });

  test('names each case by a seed that repeats it', () => {
    for (const seed of sampleOf(20261129)) {
      expect(selectedBy({ API7_ORCH_SEED: String(seed) }).seeds.map(caseOf)).toEqual([caseOf(seed)]);
    }
  });

  test('has moments for every kind, each once', () => {
    expect(new Set(strikes.map(({ fault }) => fault))).toEqual(new Set(faultNames));
    expect(new Set(strikes.map(({ fault, moment }) => `${fault}, ${moment}`)).size).toBe(strikes.length);
  });
});
