import { expect, test } from 'vitest';
import { ownersSeen } from '../../../src/transport/files/owners.ts';

const seen = { uid: 1001, gid: 1002, owner: 'ops', group: 'staff' };

test.each([
  ['by the names in a file', { owner: 'ops', group: 'staff' }, true],
  ['by numbers', { owner: 1001, group: 1002 }, true],
  ['another owner', { owner: 'root', group: 'staff' }, false],
  ['another group', { owner: 'ops', group: 0 }, false],
  ['a name that was never seen', { owner: 'who', group: 'staff' }, false],
] as const)('a new file is ours or not: %s', (_what, owned, ours) => {
  const owners = ownersSeen();
  expect(owners.isOurs({ mode: '0644', ...owned })).toBe(false);
  owners.runAs({ uid: 1001, gid: 1002 });
  owners.learn(seen);
  expect(owners.isOurs({ mode: '0644', ...owned })).toBe(ours);
});
