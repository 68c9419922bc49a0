import { describe, expect, test } from 'vitest';
import { play } from '../../src/core/play/play.ts';
import type { Steps } from '../../src/core/task/task.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';
import { ROOT } from '../support/cluster/toy-fleet.ts';
import { note } from '../support/cluster/toy-tasks.ts';

/** Hosts that report these machines. */
const hosts = (...machines: readonly (string | null)[]): readonly FakeHost[] =>
  machines.map((machine, i) => {
    const host = new FakeHost({ name: `gw-${i + 1}`, facts: { machine } });
    host.files.set('/etc', { type: 'directory', content: Buffer.alloc(0), ...ROOT });
    return host;
  });

const writesNote = onePlay(function* (): Steps {
  yield note({ path: '/etc/a', content: 'a' });
});

const refusal = {
  code: 'INVENTORY_INVALID',
  message: 'gw-1 and gw-3 are one machine: both connections lead to the same running system',
};

describe('two hosts that report the same machine', () => {
  test('are refused with both names before the first change on any host', async () => {
    const fakes = hosts('boot-1 net:[4] gw', 'boot-2 net:[4] gw', 'boot-1 net:[4] gw');
    const run = await runPlays(fakes, writesNote);
    expect(fakes.map(({ writes }) => writes)).toEqual([0, 0, 0]);
    expect(run.events.at(-1)).toMatchObject({ outcome: 'refused', exitCode: 2, errors: [refusal] });
  });

  test('are refused although the second host belongs to a later play', async () => {
    const fakes = hosts('boot-1 net:[4] gw', 'boot-2 net:[4] gw', 'boot-1 net:[4] gw');
    const run = await runPlays(fakes, function* () {
      for (const names of ['gw-1,gw-2', 'gw-3'])
        yield* play({
          name: names,
          hosts: names,
          *tasks() {
            yield note({ path: '/etc/a', content: 'a' });
          },
        });
    });
    expect(fakes.map(({ writes }) => writes)).toEqual([0, 0, 0]);
    expect(run.events.at(-1)).toMatchObject({ outcome: 'refused', errors: [refusal] });
  });

  test('are named by a check, which still shows the changes of the hosts', async () => {
    const run = await runPlays(hosts('boot-1 net:[4] gw', 'boot-2 net:[4] gw', 'boot-1 net:[4] gw'), writesNote, {
      check: true,
    });
    expect(run.rows).toEqual(Array(3).fill('changed note /etc/a'));
    expect(run.events.at(-1)).toMatchObject({ outcome: 'refused', errors: [refusal] });
  });
});

test.each([
  ['a clone with the same name, which its kernel started by itself', 'boot-2 net:[4] gw'],
  ['a container on the same kernel', 'boot-1 net:[5] gw'],
  ['a machine resumed from the same image', 'boot-1 net:[4] gw-b'],
  ['a host that does not report which machine it is', null],
])('%s is another machine', async (_, other) => {
  const run = await runPlays(hosts('boot-1 net:[4] gw', other, null), writesNote);
  expect(run.codes).toEqual([]);
});

test('a host without readable facts is judged by its tasks alone', async () => {
  const fakes = hosts('boot-1', 'boot-1');
  for (const fake of fakes) fake.facts = () => Promise.reject(new Error('no facts'));
  expect((await runPlays(fakes, writesNote)).codes).toEqual([]);
});

test('comparing the machines costs no round trip', async () => {
  const fakes = hosts('boot-1 net:[4] gw', 'boot-2 net:[4] gw');
  for (const { files } of fakes) files.set('/etc/a', { type: 'file', content: Buffer.from('a'), ...ROOT });
  const run = await runPlays(fakes, writesNote);
  expect(run.rows).toEqual(['ok note /etc/a', 'ok note /etc/a']);
  expect(fakes.map(({ trips }) => trips)).toEqual([1, 1]);
});
