import { playReal } from './engine/case.ts';
import { afterwards, beyond, inSituation, oneFault, situations, tidying } from './engine/cases.ts';

// A process of its own, in the source tree that it stands in: plays so much of the table with the real engine that every mistake
// shows. 3: something went wrong; 0: nothing did.

const every = <T>(nth: number, all: readonly T[]): readonly T[] => all.filter((_, i) => i % nth === nth - 1);

const cases = [
  ...every(9, oneFault(3, 1)),
  ...beyond.filter(({ faults }) => faults.some(({ step, kind }) => step === 'lastLook' && kind === 'reload')),
  ...every(4, beyond),
  ...every(8, tidying),
  ...every(2, afterwards),
  ...situations.flatMap((name) => inSituation(name, 1).slice(0, 1)),
  ...every(7, oneFault(2, 1)),
];

for (const one of cases)
  try {
    await playReal(one);
  } catch (error) {
    console.log(`${error instanceof Error ? error.message : error}: ${JSON.stringify(one)}`);
    process.exit(3);
  }
console.log(`${cases.length} cases`);
