import { expect, test } from 'vitest';
import { type ArchiveMember, linkFault } from '../../src/local/archive-paths.ts';

/** Hard links, each to the one after it, and at last a symbolic one: each is resolved only after the next. */
const chain = (length: number): readonly ArchiveMember[] => [
  ...Array.from({ length }, (_, i) => ({ name: `l${i}`, link: { hard: true, target: `l${i + 1}` } })),
  { name: `l${length}`, link: { hard: false, target: 'file' } },
];

test('hard links to hard links are followed, up to a limit', () => {
  expect(linkFault(chain(30))).toBeUndefined();
  expect(linkFault(chain(50_000))).toBe('its hard links lead to one another');
});
