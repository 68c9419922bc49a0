import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/base/clock.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { LockRecord } from '../../../src/core/host/lock.ts';
import { Hosts } from '../../../src/engine/plan/hosts.ts';
import { hasEnded, thisProcess } from '../../../src/local/this-process.ts';
import { lockTimes } from '../../../src/lock/lock-times.ts';
import { RunLocks } from '../../../src/lock/run-locks.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { INVENTORY } from '../lb/scene.ts';

const { API7_ORCH_MACHINE_ID } = process.env;
beforeAll(() => {
  process.env.API7_ORCH_MACHINE_ID ??= 'a machine';
});
afterAll(() => {
  if (API7_ORCH_MACHINE_ID === undefined) delete process.env.API7_ORCH_MACHINE_ID;
});

/** The messages of the next run of this machine when it takes the lock of a host in this state. */
async function taken(record: LockRecord): Promise<readonly string[]> {
  const host = new FakeHost({ name: 'gw-1' });
  host.locks.record = record;
  host.locks.epoch = 1;
  // Its last beat is that of a moment ago.
  await host.lock.beat(record.token, 1);
  const printed: string[] = [];
  const locks = new RunLocks({
    owner: { token: 'next', run: 'run-2', by: 'ops@desk', verb: 'run install', process: thisProcess() as never },
    clock: systemClock,
    // With a live holder this ends after a second; a holder without a beat is waited for for 20.
    times: { ...lockTimes(20_000), pollMs: 200, beatMs: 1000 },
    waitMs: 0,
    scope: (names) => ({ names, balancers: [], majorities: [] }),
    hasEnded,
    onStop: () => undefined,
    onFenced: () => undefined,
    say: (message) => printed.push(message),
  });
  const hosts = new Hosts(locks.connecting(async () => host));
  const alive = setInterval(() => void host.lock.beat(record.token, Date.now()), 300);
  if (record.process !== undefined && hasEnded(record.process)) clearInterval(alive);
  try {
    await locks.take(['gw-1'], hosts);
  } catch (error) {
    return [error instanceof OrchError ? error.code : String(error)];
  } finally {
    clearInterval(alive);
    await locks.release();
  }
  return printed;
}

test('the third Ctrl-C exits at once and keeps the locks; the next run of this machine starts at once', async () => {
  const directory = temporaryDirectory('third');
  const file = join(directory, 'prod.yaml');
  writeFileSync(file, INVENTORY);
  const child = fork(join(import.meta.dirname, 'held-by-process.ts'), [file, 'gw-1'], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, XDG_STATE_HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const records: (LockRecord | null)[] = [];
  child.on('message', ({ record }: { record: LockRecord | null }) => records.push(record));
  let errors = '';
  child.stderr?.on('data', (chunk) => (errors += chunk));
  const end = once(child, 'close');
  await expect.poll(() => records.length + errors.length, { timeout: 20_000 }).toBeGreaterThan(0);
  const [record] = records;
  expect(record, errors).toMatchObject({ run: 'run-1', process: { pid: child.pid } });

  expect(await taken(record as LockRecord)).toEqual(['HOST_LOCKED']);
  for (const printed of ['finishing the current node', 'Stopping after the current command']) {
    child.kill('SIGINT');
    await expect.poll(() => errors).toContain(printed);
  }
  child.kill('SIGINT');
  expect(await end).toEqual([6, null]);
  // The lock was never released.
  expect(records).toEqual([record]);

  const begun = performance.now();
  expect((await taken(record as LockRecord)).at(-1)).toMatch(
    /^took over the lock of gw-1 from .* with run install \(run run-1\), whose process has ended$/,
  );
  expect(performance.now() - begun).toBeLessThan(10_000);
});
