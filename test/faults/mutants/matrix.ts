import { POOLED, pairs, play as playCase, pooled, SITUATIONS, singles, situated } from '../machine-cases.ts';
import { real } from '../machine-subject.ts';

// The part of the machine's matrix that is enough to notice every mutant of it.

const every = <T>(nth: number, all: readonly T[]): readonly T[] => all.filter((_, i) => i % nth === 0);

const situations = Object.keys(SITUATIONS).flatMap(situated);

export const cases = [
  ...situations.filter(({ faults }) => faults.length === 0 || faults[0]?.kind === 'recovers'),
  ...Object.keys(POOLED).flatMap((name) => every(5, pooled(name))),
  ...every(11, singles(3)),
  ...every(7, situations),
  ...every(13, singles(4)),
  ...every(17, pairs(3)),
];

export const play = (one: (typeof cases)[number]): void => playCase(real, one);
