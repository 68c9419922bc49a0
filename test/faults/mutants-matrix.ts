import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pairs, play, SITUATIONS, singles, situated } from './machine-cases.ts';
import type { Machine } from './world-run.ts';

// A process of its own, for a mutant may well run for ever: takes the machine from the source tree that it is given, and
// plays so much of the matrix that every mistake shows. 3: something went wrong; 0: nothing did.

const [tree = '.'] = process.argv.slice(2);
const load = (file: string) => import(pathToFileURL(join(tree, 'src/rolling', file)).href);
const machine = { ...(await load('machine.ts')), endOf: (await load('report.ts')).endOf } as Machine;

const every = <T>(nth: number, all: readonly T[]): readonly T[] => all.filter((_, i) => i % nth === 0);

const situations = Object.keys(SITUATIONS).flatMap(situated);

const cases = [
  ...situations.filter(({ faults }) => faults.length === 0 || faults[0]?.kind === 'recovers'),
  ...every(11, singles(3)),
  ...every(7, situations),
  ...every(13, singles(4)),
  ...every(17, pairs(3)),
];

for (const one of cases)
  try {
    play(machine, one);
  } catch (error) {
    console.log(`${error instanceof Error ? error.message : error}: ${JSON.stringify(one)}`);
    process.exit(3);
  }
console.log(`${cases.length} cases`);
