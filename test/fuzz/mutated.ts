import fc from 'fast-check';

/** One change of a text: a part of it is replaced or repeated. `at` is a share of its length. */
interface Edit {
  readonly at: number;
  readonly length: number;
  readonly how: { readonly put: string } | { readonly times: number };
}

const edit = (words: readonly string[]): fc.Arbitrary<Edit> =>
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(60),
    how: fc.oneof(
      fc.record({
        put: fc.constantFrom(...words, '', ' ', '\n', '\0', '"', "'", '\\', '{', '}', '#', '\u001b[2J', '\u202e'),
      }),
      fc.record({ put: fc.string({ maxLength: 20, unit: 'binary' }) }),
      fc.record({ times: fc.oneof(fc.nat(4), fc.nat(3000)) }),
    ),
  });

const changed = (text: string, { at, length, how }: Edit): string => {
  const from = Math.floor(at * text.length);
  const part = text.slice(from, from + length);
  const instead = 'put' in how ? how.put : part.repeat(how.times);
  return text.slice(0, from) + instead + text.slice(from + length);
};

/** Longer than any that a reader of these gets whole. */
const LONGEST = 400_000;

/** Texts that begin as good ones and are changed in up to eight places: words inserted, parts removed, parts repeated. */
export const mutated = (samples: readonly string[], words: readonly string[] = []): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...samples), fc.array(edit(words.length === 0 ? [''] : words), { maxLength: 8 }))
    .map(([sample, edits]) => edits.reduce((text, one) => changed(text, one).slice(0, LONGEST), sample));

/** The same for bytes, one for each character of a text. */
export const mutatedBytes = (samples: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  mutated(samples.map((sample) => sample.toString('latin1'))).map((text) => Buffer.from(text, 'latin1'));
