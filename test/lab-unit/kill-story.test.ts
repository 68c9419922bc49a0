import { expect, test } from 'vitest';
import { killStory } from '../lab/scenes/kill-story.ts';

const stories = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => killStory(seed, 3));

test('ten seeds kill both playbooks, at tasks and at several steps, and half are resumed from the second folder', () => {
  expect(stories.filter(({ elsewhere }) => elsewhere)).toHaveLength(5);
  expect(new Set(stories.map(({ playbook }) => playbook)).size).toBe(2);
  expect(new Set(stories.map(({ at }) => at)).size).toBeGreaterThan(5);
  expect(stories.some(({ at }) => at.startsWith('task'))).toBe(true);
  expect(new Set(stories.map(({ byId, elsewhere }) => `${byId} ${elsewhere}`)).size).toBe(4);
});

test('a story never kills at the last node', () => {
  for (let seed = 0; seed < 200; seed++) {
    const { at, times } = killStory(seed, 2);
    if (!at.startsWith('task')) expect(times).toBe(1);
  }
});
