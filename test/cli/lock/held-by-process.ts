import { openSession } from '../../../src/cli/session.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';

// A process of its own: takes the lock of a host like each command that changes hosts, then waits for a step without an end. Its
// parent gets the files of the host after each change of the lock.

const [file = '', name = ''] = process.argv.slice(2);
const host = new FakeHost({ name });
const inventory = await loadInventory(file, { env: {}, extraVars: {} });
const session = await openSession({
  inventory,
  hosts: [name],
  flags: { inventory: file, forks: '1' },
  safePoint: true,
  environment: { connect: async () => host },
  locks: {
    run: 'run-1',
    verb: 'run install',
    waitMs: 0,
    scope: (names) => ({ names, balancers: [], majorities: [] }),
  },
});
const { release } = host.lock;
Object.assign(host.lock, {
  release: async (token: string) => {
    const view = await release(token);
    process.send?.({ record: view.record });
    return view;
  },
});
await session.locks?.take([name], session.hosts);
process.send?.({ record: host.locks.record });
// Also keeps the process alive.
await new Promise((resolve) => process.once('disconnect', resolve));
