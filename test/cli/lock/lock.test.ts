import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lockBreak } from '../../../src/cli/lock/break.ts';
import { lockShow } from '../../../src/cli/lock/show.ts';
import { runsStop } from '../../../src/cli/runs/stop.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { LockProcess } from '../../../src/core/host/lock.ts';
import { thisProcess } from '../../../src/local/this-process.ts';
import type { FakeHost } from '../../../src/testing/fake-host.ts';
import { LbScene } from '../lb/scene.ts';
import { restore } from '../lb/verbs.ts';

const OWNER = { token: 't', run: 'run-7', by: 'ops@ci', verb: 'run install' };

const show = (scene: LbScene, output?: 'json'): Promise<number> =>
  lockShow('lb-*', { inventory: scene.file, forks: '5', ...(output && { output }) }, scene.outside);
const ask = (scene: LbScene, flags: { readonly now?: boolean; readonly reason?: string } = {}): Promise<number> =>
  lockBreak('lb-*', { inventory: scene.file, forks: '5', reason: 'hot fix', wait: '5m', ...flags }, scene.outside);
const host = (scene: LbScene, name: string): FakeHost => scene.hosts[name] as FakeHost;

test('show: the holder of each host, its pending requests and running scripts; no write', async () => {
  const scene = new LbScene();
  expect(await show(scene)).toBe(0);
  expect(scene.printed).toBe('not locked: lb-1, lb-2\n');
  await host(scene, 'lb-1').lock.take(OWNER, null);
  const writes = host(scene, 'lb-1').writes;
  expect(await show(scene)).toBe(0);
  expect(scene.printed).toMatch(/^lb-1 +ops@ci +run install +\w+ +\w+ +run run-7$/m);
  expect(scene.printed).toContain('\nnot locked: lb-2\n');
  expect(await show(scene, 'json')).toBe(0);
  expect(JSON.parse(scene.printed)).toMatchObject({
    hosts: [
      {
        host: 'lb-1',
        lock: { by: 'ops@ci', verb: 'run install', run: 'run-7', expired: false, stop: null, call: null },
      },
      { host: 'lb-2', lock: null },
    ],
    errors: [],
  });
  expect(scene.printed).not.toContain('token');
  expect(host(scene, 'lb-1').writes).toBe(writes);
  scene.dead.add('lb-2');
  expect(await show(scene)).toBe(3);
  expect(scene.printed).toContain('CONNECT_REFUSED on lb-2');
});

test('break: asks the run first, and waits for it', async () => {
  const scene = new LbScene();
  const { locks, lock } = host(scene, 'lb-1');
  await lock.take(OWNER, null);
  scene.onTime = () => {
    if (locks.record?.stop !== undefined) locks.record = null;
  };
  expect(await ask(scene)).toBe(0);
  expect(scene.printed).toMatch(
    /lb-1: asked ops@ci with run install, for .* \(run run-7\) to stop at a safe point\nthe locks are released\n/,
  );
});

test('break: a run that does not stop keeps its locks; --now takes them, and leaves the host unlocked', async () => {
  const scene = new LbScene();
  const { locks, lock } = host(scene, 'lb-1');
  await lock.take(OWNER, null);
  expect(await ask(scene)).toBe(5);
  expect(scene.printed).toContain('lock break --now');
  expect(locks.record).toMatchObject({ ...OWNER, stop: { reason: 'hot fix' } });
  expect(await ask(scene, { now: true })).toBe(0);
  expect([locks.record, locks.old, locks.epoch]).toEqual([null, [], 2]);
  expect(await ask(scene)).toBe(0);
  expect(scene.printed).toBe('no host is locked\n');
});

test('break: a run that changes its lock between the reading and the request is asked all the same', async () => {
  const scene = new LbScene();
  const { locks, lock } = host(scene, 'lb-1');
  await lock.take(OWNER, null);
  // It begins to stop a container just then.
  const { swap } = lock;
  const op = { what: 'stop', container: 'api7-gateway', until: 999 } as const;
  Object.assign(lock, {
    swap: async (...words: Parameters<typeof swap>) => {
      if (locks.record?.op === null) locks.record = { ...locks.record, op };
      return await swap(...words);
    },
  });
  scene.onTime = () => {
    if (locks.record?.stop !== undefined) locks.record = null;
  };
  expect(await ask(scene)).toBe(0);
  expect(scene.printed).toContain('the locks are released');
});

const lost = (): OrchError => new OrchError('CONNECTION_LOST', 'the SSH connection is closed', { retryable: true });

test('break: a host that can no longer be read does not count as released', async () => {
  const scene = new LbScene();
  const { locks, lock } = host(scene, 'lb-1');
  await lock.take(OWNER, null);
  const { view } = lock;
  scene.onTime = () => {
    scene.dead.add('lb-1');
    Object.assign(lock, { view: () => Promise.reject(lost()) });
  };
  expect(await ask(scene)).toBe(3);
  expect(locks.record).toMatchObject({ stop: { reason: 'hot fix' } });
  expect(scene.printed).not.toContain('the locks are released');
  expect(scene.printed).toMatch(/^CONNECT_REFUSED on lb-1: .*; whether it is still locked is unknown$/m);
  // After a short loss the wait continues.
  scene.dead.clear();
  let losses = 0;
  Object.assign(lock, { view: () => (losses++ === 1 ? Promise.reject(lost()) : view()) });
  scene.onTime = () => {
    if (losses > 3) locks.record = null;
  };
  expect(await ask(scene)).toBe(0);
  expect(scene.printed).toContain('the locks are released');
});

test('runs stop: the beginning of several ids stops none of these runs', async () => {
  const scene = new LbScene();
  const stop = (run: string) =>
    runsStop(run, { inventory: scene.file, forks: '5', reason: 'hot fix', wait: '1s' }, scene.outside);
  await host(scene, 'lb-1').lock.take(OWNER, null);
  await host(scene, 'lb-2').lock.take({ ...OWNER, token: 'u', run: 'run-78' }, null);
  const asked = () => ['lb-1', 'lb-2'].filter((name) => host(scene, name).locks.record?.stop !== undefined);
  await expect(stop('run')).rejects.toMatchObject({ code: 'RESUME_AMBIGUOUS' });
  expect(asked()).toEqual([]);
  expect([await stop('run-7'), asked()]).toEqual([5, ['lb-1']]);
});

test('break requires a reason', async () => {
  await expect(ask(new LbScene(), { reason: ' ' })).rejects.toMatchObject({ code: 'USAGE' });
});

const leaseOf = (scene: LbScene, run: string): void => {
  const { files } = host(scene, 'lb-1');
  const text = JSON.stringify({
    node: 'gw-1',
    before: { 'gateways/gw-1': { admin: 'ready', weight: '40' } },
    by: 'ops@ci',
    at: '1969-12-31T23:48:00Z',
    reason: 'install',
    kind: 'run',
    run,
    held: [],
  });
  const ROOT = { owner: 'root', group: 'root' };
  files.makeDirectory('/var/lib/api7-orch/leases', { ...ROOT, mode: '0700' });
  files.write('/var/lib/api7-orch/leases/gateways.gw-1.json', Buffer.from(text), { ...ROOT, mode: '0600' });
  scene.order('lb-1', 'set server gateways/gw-1 state drain');
};

test('lb restore refuses a lease of a live run, and restores that of an ended one', async () => {
  const scene = new LbScene();
  leaseOf(scene, 'run-7');
  await host(scene, 'lb-1').lock.take(OWNER, null);
  expect(await restore(scene, ['gw-1'])).toBeGreaterThan(0);
  expect(scene.codes).toEqual(['NODE_TAKEN']);
  expect(scene.leases('lb-1')).toHaveLength(1);
  await host(scene, 'lb-1').lock.release(OWNER.token);
  expect([await restore(scene, ['gw-1']), scene.codes]).toEqual([0, []]);
  expect(scene.leases('lb-1')).toEqual([]);
});

describe('lb restore of a node whose run was killed a moment ago', () => {
  const env = { ...process.env };
  beforeAll(() => {
    process.env.API7_ORCH_MACHINE_ID ??= 'a machine';
  });
  afterEach(() => {
    if (env.API7_ORCH_LOCK_TTL === undefined) delete process.env.API7_ORCH_LOCK_TTL;
    else process.env.API7_ORCH_LOCK_TTL = env.API7_ORCH_LOCK_TTL;
  });
  afterAll(() => {
    if (env.API7_ORCH_MACHINE_ID === undefined) delete process.env.API7_ORCH_MACHINE_ID;
  });
  const here = (): LockProcess => thisProcess() as LockProcess;
  const ended = (): LockProcess => ({ ...here(), start: here().start - 1 });

  test.each<[string, () => LockProcess, readonly string[]]>([
    ['on this machine: at once', ended, []],
    ['its process is still there: refused', here, ['NODE_TAKEN']],
    ['on another machine: refused', () => ({ ...ended(), machine: 'another' }), ['NODE_TAKEN']],
  ])('%s', async (_, holder, codes) => {
    const scene = new LbScene();
    leaseOf(scene, 'run-7');
    await host(scene, 'lb-1').lock.take({ ...OWNER, process: holder() }, null);
    await restore(scene, ['gw-1']);
    expect(scene.codes).toEqual(codes);
    expect(scene.leases('lb-1')).toHaveLength(codes.length);
  });

  test('on another machine, without a beat for a TTL: at once', async () => {
    process.env.API7_ORCH_LOCK_TTL = '0s';
    const scene = new LbScene();
    leaseOf(scene, 'run-7');
    await host(scene, 'lb-1').lock.take({ ...OWNER, process: { ...ended(), machine: 'another' } }, null);
    expect([await restore(scene, ['gw-1']), scene.codes]).toEqual([0, []]);
  });
});
