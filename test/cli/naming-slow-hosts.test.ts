import { expect, test } from 'vitest';
import { namingSlowHosts } from '../../src/cli/naming-slow-hosts.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { sharedClock } from '../support/cluster/run-fake.ts';

async function noticed(isTTY: boolean): Promise<readonly string[]> {
  const lines: string[] = [];
  const clock = sharedClock();
  const late: Readonly<Record<string, number>> = { 'gw-1': 100, 'gw-2': 10_000, 'gw-3': 5000 };
  const all = {
    get: async (name: string) => {
      await clock.sleep(late[name] ?? 0);
      return new FakeHost({ name });
    },
  };
  const write = (text: string): boolean => lines.push(text) > 0;
  const stderr = { isTTY, write } as unknown as NodeJS.WriteStream;
  await namingSlowHosts({ hosts: all, clock }, { stderr }, (hosts) =>
    Promise.all(Object.keys(late).map((name) => hosts.get(name))),
  );
  return lines;
}

test('names the hosts that are still waited for, when that changes', async () => {
  expect(await noticed(true)).toEqual(['waiting for gw-2, gw-3\n', 'waiting for gw-2\n']);
});

test('prints nothing without a terminal', async () => {
  expect(await noticed(false)).toEqual([]);
});
