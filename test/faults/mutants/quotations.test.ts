import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutated } from './apply.ts';
import { MUTANTS } from './mutants.ts';

const root = new URL('../../../', import.meta.url);

// The mutants themselves are played in `npm run test:all`. A line that was edited without its quotation is noticed here.
test.each(MUTANTS)('$file has the text of the mutant once: $why', (mutant) => {
  const source = readFileSync(new URL(mutant.file, root), 'utf8');
  expect(mutated(source, mutant)).not.toBe(source);
});
