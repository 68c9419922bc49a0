import { expect, test } from 'vitest';
import { hostLimits } from '../../src/tasks/host-limits.ts';
import { FakeHost, type FakeHostOptions } from '../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const gate = (options: Partial<FakeHostOptions>) =>
  runPlays(
    [new FakeHost({ name: 'gw-1', ...options })],
    onePlay(function* () {
      yield hostLimits({ nofile: 65_536, freeBytes: [{ path: '/opt', bytes: 2 ** 30 }], arch: ['x86_64'] });
    }),
  );

test.each<[string, Partial<FakeHostOptions>, string[], string[]]>([
  ['is met', {}, [], []],
  ['has exactly enough', { facts: { nofile: 65_536 }, freeBytes: 2 ** 30 }, [], []],
  ['grants too few open files', { facts: { nofile: 20_000 } }, ['NOFILE_TOO_LOW'], ['20000', '65536', 'api7.nofile']],
  ['has too little room', { freeBytes: 2 ** 29 }, ['DISK_FULL'], ['0.50 GiB', '1.00 GiB', '/opt']],
  ['is another machine', { facts: { arch: 'aarch64' } }, ['HOST_ARCHITECTURE'], ['aarch64', 'x86_64']],
])('a host that %s', async (_, options, codes, words) => {
  const run = await gate(options);
  expect(run.codes).toEqual(codes);
  for (const word of words) expect(JSON.stringify(run.events)).toContain(word);
});
