import { expect, test } from 'vitest';
import { loadInventory } from '../../src/inventory/load.ts';
import { file } from '../../src/tasks/file.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { gatewaysReconnected } from '../../src/traffic/gates/gateways-reconnected.ts';
import { errorsIn } from '../support/base/events.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a7adm-token' };
const inventory = await loadInventory('inventory.example.yaml', { env });
const addressOf = (name: string): string => inventory.hosts.get(name)?.address ?? '';

/** Statuses of `/status/ready` by gateway, as a control-plane host sees them each time; 0: no response. The last one stays. */
async function run(statuses: Readonly<Record<string, readonly number[]>>) {
  const turns = new Map<string, number>();
  const host = new FakeHost({
    name: 'cp-1',
    http: ({ address, path }) => {
      const name = Object.keys(statuses).find((each) => addressOf(each) === address) ?? '';
      const turn = turns.get(name) ?? 0;
      turns.set(name, turn + 1);
      const status = path === '/status/ready' ? (statuses[name]?.[turn] ?? statuses[name]?.at(-1) ?? 0) : 0;
      return status === 0 ? null : { status, body: '' };
    },
  });
  const seen = new Set<string>();
  const { codes, events, report } = await runPlays(
    [host],
    onePlay(function* () {
      // A change in between: the gates are read before it, and waited for after it.
      yield file({ path: '/changed', content: 'x' });
      yield* gatewaysReconnected(inventory, seen);
    }),
  );
  const errors = errorsIn(events);
  return {
    codes,
    exitCode: report.exitCode,
    output: errors.map(({ message }) => message).join(),
    all: JSON.stringify(events),
  };
}

test('gateways that return within a minute have reconnected', async () => {
  const { codes } = await run({ 'gw-1': [200, 503, 0, 200], 'gw-2': [200], 'gw-3': [200] });
  expect(codes).toEqual([]);
});

test('a gateway that stays disconnected is named', async () => {
  const { codes, output } = await run({ 'gw-1': [200, 200], 'gw-2': [200, 503], 'gw-3': [200, 0] });
  expect(codes).toEqual(['NOT_RECONNECTED']);
  expect(output).toBe('2 of 3 gateways have not reconnected after 1m: gw-2, gw-3');
});

test('a gateway that was not connected before, or has no such status, is not waited for', async () => {
  expect((await run({ 'gw-1': [200], 'gw-2': [503], 'gw-3': [404] })).codes).toEqual([]);
});

test('a warning is printed where no connection was visible before', async () => {
  const { exitCode, all } = await run({ 'gw-1': [0], 'gw-2': [404], 'gw-3': [0] });
  expect(exitCode).toBe(0);
  expect(all).toContain('whether gateways are connected to the control plane is unknown');
});
