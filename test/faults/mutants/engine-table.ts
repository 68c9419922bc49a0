import { type Case, playReal } from '../engine/case.ts';
import { afterwards, beyond, inSituation, oneFault, situations, tidying } from '../engine/cases.ts';

// The part of the real engine's table that is enough to notice every mutant of it.

const every = <T>(nth: number, all: readonly T[]): readonly T[] => all.filter((_, i) => i % nth === nth - 1);

/** Answered questions and failed changes: few of many cases, and only they notice some mutants. */
const isPointed = ({ faults }: Case): boolean =>
  faults.some(({ step, kind }) => kind === 'holdGo' || (step === 'apply' && kind === 'fails'));

export const cases = [
  ...oneFault(3, 1).filter((one, i) => i % 9 === 8 || isPointed(one)),
  ...beyond.filter(({ faults }) => faults.some(({ step, kind }) => step === 'lastLook' && kind === 'reload')),
  ...every(4, beyond),
  ...every(8, tidying),
  ...every(2, afterwards),
  ...situations.flatMap((name) => inSituation(name, 1).slice(0, 1)),
  ...every(7, oneFault(2, 1)),
];

export const play = async (one: (typeof cases)[number]): Promise<void> => {
  await playReal(one);
};
