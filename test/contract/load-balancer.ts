import { describe, expect, test } from 'vitest';
import type { Balancer, CheckTiming, Member, MemberView } from '../../src/core/host/balancer.ts';
import type { Connection } from '../../src/core/host/connection.ts';
import type { Task } from '../../src/core/task/task.ts';
import { counted } from '../../src/lb/counted.ts';
import { drainMember } from '../../src/lb/drain-member.ts';
import { inService } from '../../src/lb/in-service.ts';
import { leasePath } from '../../src/lb/lease.ts';
import { memberView } from '../../src/lb/member-view.ts';
import { noSessions } from '../../src/lb/no-sessions.ts';
import { restoreMember } from '../../src/lb/restore-member.ts';
import { stillDrained } from '../../src/lb/still-drained.ts';
import { apply, killedAt, look, meeting, wait } from './carry-out.ts';

export type Node = 'gw-1' | 'gw-2' | 'gw-3';

/** A balancer before three nodes that are all in service, with ways to use and to break it. */
export interface BalancerWorld extends AsyncDisposable {
  readonly balancer: Balancer;
  readonly host: Connection;
  member(node: Node): Member;
  /** The node that responds to a new request; `null`: none. `stick`: the client was with that node before. */
  request(stick?: Node): Promise<Node | null>;
  /** A request that keeps a node busy until it is released. */
  hold(node: Node): Promise<{ release(): Promise<void> }>;
  /** An external drain of a node. */
  drainExternally(node: Node): Promise<void>;
  /** An external reload; undefined: the driver keeps its settings through one. */
  reload(): Promise<void>;
  /** Lets time pass: checks run, sessions are counted. */
  wait(ms: number): Promise<void>;
  /** Stops the node's process, or starts it again. */
  lives?(node: Node, alive: boolean): Promise<void>;
}

export interface ContractOptions {
  /** Rows that do not apply, with the reason. */
  readonly skip?: Readonly<Partial<Record<Row, string>>>;
}

/** The subject of a row, where a driver may not have it. */
type Row = 'a part of the traffic' | 'sticky' | 'reload loses drains' | 'a lost drain is visible' | 'health';

const by = { by: 'tester@here', reason: 'contract' } as const;
const TRIES = 12;

/** The contract of every balancer of any kind. `open` returns a fresh one. */
export function loadBalancerContract(
  kind: string,
  open: () => Promise<BalancerWorld>,
  { skip = {} }: ContractOptions = {},
): void {
  const row = (needs: Row | undefined, name: string, body: (world: BalancerWorld) => Promise<void>): void => {
    const why = needs === undefined ? undefined : skip[needs];
    test.skipIf(why !== undefined)(why === undefined ? name : `${name} (${why})`, async () => {
      await using world = await open();
      await body(world);
    });
  };
  const at = (world: BalancerWorld, node: Node = 'gw-1') => ({ balancer: world.balancer, member: world.member(node) });
  const out = (world: BalancerWorld, how: 'drained' | 'closed' = 'drained', node: Node = 'gw-1'): Task<void> =>
    drainMember({ ...at(world, node), ...by, how });
  const see = (world: BalancerWorld, node: Node = 'gw-1'): Promise<MemberView> =>
    look(world, memberView(at(world, node)));

  describe(`balancer: ${kind}`, () => {
    row(undefined, 'shows its members in service, without a lease, not held', async (world) => {
      for (const node of ['gw-1', 'gw-2', 'gw-3'] as const) {
        const view = await see(world, node);
        expect(view.servers.length).toBeGreaterThan(0);
        expect(view.servers.every(({ state }) => state === 'up')).toBe(true);
        expect(view).toMatchObject({ lease: null, held: [] });
      }
      expect((await see(world)).epoch).toBe((await see(world)).epoch);
    });

    row(undefined, 'a member that no server line names is an error, whatever is asked', async (world) => {
      const member = { ...world.member('gw-1'), port: 1 };
      const { balancer, host } = world;
      const unknown = { code: 'LB_MEMBER_UNKNOWN', hint: expect.stringContaining(`${member.address}`) };
      await expect(balancer.view(host, member)).rejects.toMatchObject(unknown);
      await expect(balancer.set(host, member, 'drained')).rejects.toMatchObject(unknown);
      await expect(apply(world, drainMember({ balancer, member, ...by, how: 'drained' }))).rejects.toMatchObject(
        unknown,
      );
      expect(await host.stat(leasePath(balancer.pool, member.node))).toBeNull();
    });

    row(undefined, 'a drained node gets no new request, the others get them all', async (world) => {
      await apply(world, out(world));
      const view = await see(world);
      expect(view.servers.map(({ state }) => state)).toEqual(view.servers.map(() => 'drained'));
      expect(view.lease).toMatchObject({ node: 'gw-1', by: 'tester@here', reason: 'contract', held: [] });
      expect(view.held).toEqual([]);
      const answered = await many(world);
      expect(new Set(answered)).toEqual(new Set(['gw-2', 'gw-3']));
      expect((await world.host.stat(leasePath(world.balancer.pool, 'gw-1')))?.mode).toBe('0600');
    });

    row(undefined, 'draining again changes nothing and keeps the first record', async (world) => {
      await apply(world, out(world));
      const first = await see(world);
      const again = await apply(
        world,
        drainMember({ ...at(world), by: 'other@there', reason: 'later', how: 'drained' }),
      );
      expect(again).toEqual([]);
      expect((await see(world)).lease).toEqual(first.lease);
    });

    row(undefined, 'a running request is counted, or marked as uncounted, and is not cut', async (world) => {
      const held = await world.hold('gw-1');
      await apply(world, out(world));
      const busy = (await see(world)).servers.map(({ sessions }) => sessions);
      if (world.balancer.shows.sessions) {
        expect(busy.reduce((sum: number, sessions) => sum + (sessions ?? 0), 0)).toBe(1);
        await expect(wait(world, noSessions({ ...at(world), within: 0 }))).rejects.toMatchObject({
          code: 'DRAIN_TIMEOUT',
          message: expect.stringContaining('still has 1 session'),
        });
      } else expect(busy).toEqual(busy.map(() => null));
      await held.release();
      await wait(world, noSessions({ ...at(world), within: '10s' }));
    });

    row(undefined, 'a restore sets it back as it was, and removes the lease', async (world) => {
      const before = (await see(world)).servers.map(({ name, setting }) => ({ name, setting }));
      await apply(world, out(world));
      await apply(world, out(world, 'closed'));
      await apply(world, restoreMember(at(world)));
      const view = await see(world);
      expect(view.servers.map(({ name, setting }) => ({ name, setting }))).toEqual(before);
      expect(view).toMatchObject({ lease: null, held: [] });
      await wait(world, inService(at(world)));
      expect(await many(world)).toContain('gw-1');
      expect(await apply(world, restoreMember(at(world)))).toEqual([]);
    });

    row(undefined, 'an external hold stays', async (world) => {
      await world.drainExternally('gw-2');
      const held = await see(world, 'gw-2');
      expect(held.held).toEqual(held.servers.map(({ name }) => name));
      expect(await apply(world, restoreMember(at(world, 'gw-2')))).toEqual([]);
      await apply(world, out(world, 'drained', 'gw-2'));
      const leased = await see(world, 'gw-2');
      expect(leased.lease?.held).toEqual(held.held);
      expect(leased.held).toEqual(held.held);
      await apply(world, out(world, 'closed', 'gw-2'));
      await apply(world, restoreMember(at(world, 'gw-2')));
      expect((await see(world, 'gw-2')).servers.map(({ setting }) => setting)).toEqual(
        held.servers.map(({ setting }) => setting),
      );
      await expect(wait(world, inService({ ...at(world, 'gw-2'), within: 0 }))).rejects.toMatchObject({
        code: 'LB_MEMBER_NOT_UP',
      });
      await wait(world, inService({ ...at(world, 'gw-2'), held: [...held.held] }));
      expect(await many(world)).not.toContain('gw-2');
    });

    row('sticky', 'a client that sticks to a drained node reaches it until it is closed', async (world) => {
      await apply(world, out(world));
      expect((await see(world)).servers.some(({ sticky }) => sticky)).toBe(true);
      expect(await world.request('gw-1')).toBe('gw-1');
      await expect(wait(world, stillDrained(at(world)))).rejects.toMatchObject({ code: 'DRAIN_LOST' });
      await apply(world, out(world, 'closed'));
      expect(await world.request('gw-1')).not.toBe('gw-1');
      await wait(world, stillDrained(at(world)));
    });

    row(undefined, 'in maintenance at once, it gets no request and is restored as it was', async (world) => {
      await apply(world, out(world, 'closed'));
      await wait(world, stillDrained({ ...at(world), epoch: (await see(world)).epoch }));
      expect(await many(world)).not.toContain('gw-1');
      await apply(world, restoreMember(at(world)));
      await wait(world, inService(at(world)));
    });

    row('reload loses drains', 'a reload that loses the drain is noticed, and the drain is repeated', async (world) => {
      await apply(world, out(world));
      await apply(world, out(world, 'closed'));
      const { epoch } = await see(world);
      await wait(world, stillDrained({ ...at(world), epoch }));
      await world.reload();
      const after = await see(world);
      expect(after.epoch).not.toBe(epoch);
      expect(after.lease).not.toBeNull();
      await expect(wait(world, stillDrained(at(world)))).rejects.toMatchObject({
        code: 'DRAIN_LOST',
        retryable: true,
      });
      await apply(world, out(world));
      await apply(world, out(world, 'closed'));
      await wait(world, stillDrained(at(world)));
      await expect(wait(world, stillDrained({ ...at(world), epoch }))).rejects.toMatchObject({ code: 'DRAIN_LOST' });
      await apply(world, restoreMember(at(world)));
      await wait(world, inService(at(world)));
    });

    row(undefined, 'killed between lease and drain: the next run resumes, and restores', async (world) => {
      const before = (await see(world)).servers.map(({ setting }) => setting);
      const dies: Balancer = { ...world.balancer, set: () => Promise.reject(new Error('killed')) };
      const killed = drainMember({ balancer: dies, member: world.member('gw-1'), ...by, how: 'drained' });
      await expect(apply(world, killed)).rejects.toThrow('killed');
      expect(await see(world)).toMatchObject({ lease: { node: 'gw-1' }, held: [] });
      expect(await many(world)).toContain('gw-1');
      await apply(world, out(world));
      expect(await many(world)).not.toContain('gw-1');
      await apply(world, restoreMember(at(world)));
      expect((await see(world)).servers.map(({ setting }) => setting)).toEqual(before);
    });

    row(undefined, 'killed between restore and removal of the lease: the next run removes it', async (world) => {
      const before = (await see(world)).servers.map(({ setting }) => setting);
      await apply(world, out(world));
      const dies = killedAt(world.host, leaseOf(world), 2);
      await expect(apply({ ...world, host: dies }, restoreMember(at(world)))).rejects.toThrow('killed');
      expect((await see(world)).lease).not.toBeNull();
      expect(await many(world)).toContain('gw-1');
      await apply(world, restoreMember(at(world)));
      expect(await see(world)).toMatchObject({ lease: null });
      expect((await see(world)).servers.map(({ setting }) => setting)).toEqual(before);
    });

    row(undefined, 'an operator who drains between the read and the write of a run keeps the drain', async (world) => {
      const hers = { ...at(world), by: 'ops@desk', reason: 'new disks', how: 'drained', kind: 'hand' } as const;
      const run = drainMember({ ...at(world), ...by, how: 'drained', run: 'r1', evenHeld: false });
      const host = meeting(world.host, leaseOf(world), 1, () => apply(world, drainMember(hers)));
      await expect(apply({ ...world, host }, run)).rejects.toMatchObject({
        code: 'NODE_HELD',
        message: expect.stringContaining('ops@desk'),
      });
      expect((await see(world)).lease).toMatchObject({ by: 'ops@desk', kind: 'hand', reason: 'new disks' });
      expect(await look(world, restoreMember(at(world)))).toContain('ops@desk');
      expect(await apply(world, restoreMember(at(world)))).toEqual([]);
      expect(await many(world)).not.toContain('gw-1');
    });

    row(
      undefined,
      'a run that drains between the read and the write of an operator: the operator’s lease names it',
      async (world) => {
        const before = (await see(world)).servers.map(({ setting }) => setting);
        const run = drainMember({ ...at(world), ...by, how: 'drained', run: 'r1' });
        const host = meeting(world.host, leaseOf(world), 1, () => apply(world, run));
        const hers = drainMember({ ...at(world), by: 'ops@desk', reason: 'new disks', how: 'drained', kind: 'hand' });
        await apply({ ...world, host }, hers);
        const { lease } = await see(world);
        expect(lease).toMatchObject({ by: 'ops@desk', kind: 'hand', reason: 'new disks', held: [] });
        expect(lease?.run).toBeUndefined();
        await apply(world, restoreMember({ ...at(world), byHand: true }));
        expect((await see(world)).servers.map(({ setting }) => setting)).toEqual(before);
      },
    );

    test.each([1, 2])('a drain of an operator during a restore of a run stays (before swap %i)', async (nth) => {
      await using world = await open();
      await apply(world, drainMember({ ...at(world), ...by, how: 'drained', run: 'r1' }));
      const hers = drainMember({ ...at(world), by: 'ops@desk', reason: 'new disks', how: 'drained', kind: 'hand' });
      const host = meeting(world.host, leaseOf(world), nth, () => apply(world, hers));
      await apply({ ...world, host }, restoreMember({ ...at(world), run: 'r1' }));
      expect((await see(world)).lease).toMatchObject({ by: 'ops@desk', kind: 'hand' });
      expect(await look(world, restoreMember(at(world)))).toContain('new disks');
      expect(await many(world)).not.toContain('gw-1');
    });

    row(undefined, 'an operator who does not wait for the end of a restore is drained again', async (world) => {
      const hers = drainMember({ ...at(world), by: 'ops@desk', reason: 'new disks', how: 'drained', kind: 'hand' });
      await apply(world, drainMember({ ...at(world), ...by, how: 'drained', run: 'r1' }));
      const balancer: Balancer = {
        ...world.balancer,
        set: async (host, member, to) => {
          if (typeof to !== 'string') await apply(world, hers);
          await world.balancer.set(host, member, to);
        },
      };
      await apply(world, restoreMember({ balancer, member: world.member('gw-1'), run: 'r1' }));
      expect((await see(world)).lease).toMatchObject({ by: 'ops@desk', kind: 'hand' });
      expect(await many(world)).not.toContain('gw-1');
    });

    row(
      'a lost drain is visible',
      'a drain that a reload lost is not taken for a node without sessions',
      async (world) => {
        await apply(world, out(world));
        await world.reload();
        await expect(wait(world, noSessions({ ...at(world), within: 0 }))).rejects.toMatchObject({
          code: 'DRAIN_LOST',
        });
      },
    );

    row(undefined, 'a restore between the lease and the order of a drain leaves nothing drained', async (world) => {
      const restored = () => apply(world, restoreMember({ ...at(world), byHand: true }));
      const balancer: Balancer = {
        ...world.balancer,
        set: async (host, member, to) => {
          if (to === 'drained') await restored();
          await world.balancer.set(host, member, to);
        },
      };
      const drained = drainMember({ balancer, member: world.member('gw-1'), ...by, how: 'drained' });
      await expect(apply(world, drained)).rejects.toMatchObject({ code: 'DRAIN_LOST' });
      expect(await see(world)).toMatchObject({ lease: null, held: [] });
      await wait(world, inService(at(world)));
    });

    row(undefined, 'a run takes over the drain of an earlier run, and reports that to it', async (world) => {
      const of = (run: string) => drainMember({ ...at(world), by: `${run}@desk`, reason: 'run', how: 'drained', run });
      await apply(world, of('r1'));
      await apply(world, of('r2'));
      expect((await see(world)).lease).toMatchObject({ run: 'r2', by: 'r2@desk', kind: 'run' });
      await expect(apply(world, restoreMember({ ...at(world), run: 'r1' }))).rejects.toMatchObject({
        code: 'NODE_TAKEN',
        message: expect.stringContaining('r2@desk'),
      });
      await apply(world, restoreMember(at(world)));
      expect(await see(world)).toMatchObject({ lease: null });
    });

    row('health', 'up from an old check is not enough; a check that began after it is', async (world) => {
      const timing = await timingOf(world);
      await apply(world, out(world));
      await apply(world, out(world, 'closed'));
      await world.lives?.('gw-1', false);
      await apply(world, restoreMember(at(world)));
      await expect(wait(world, inService({ ...at(world), timing, within: '2s' }))).rejects.toMatchObject({
        code: 'LB_MEMBER_NOT_UP',
      });
      await world.lives?.('gw-1', true);
      await wait(world, inService({ ...at(world), timing, within: '20s' }));
      expect(await many(world)).toContain('gw-1');
    });

    row(
      'a part of the traffic',
      'restored to a part of its traffic it keeps its lease, then it gets all',
      async (world) => {
        const before = (await see(world)).servers.map(({ setting }) => setting);
        const inPart = restoreMember({ ...at(world), run: 'r1', percent: 10 });
        await apply(world, drainMember({ ...at(world), ...by, how: 'drained', run: 'r1' }));
        const { lease } = await see(world);
        await apply(world, inPart);
        await wait(world, inService(at(world)));
        expect((await see(world)).lease).toEqual(lease);
        const answered = [...(await many(world, 42))];
        const own = answered.filter((node) => node === 'gw-1').length;
        expect([own >= 1, own <= 4, answered.includes(null)]).toEqual([true, true, false]);
        expect(await apply(world, inPart)).toEqual([]);
        await apply(world, restoreMember({ ...at(world), run: 'r1' }));
        const after = await see(world);
        expect([after.servers.map(({ setting }) => setting), after.lease]).toEqual([before, null]);
      },
    );

    row('a part of the traffic', 'restored or drained again by any process: it gets all in the end', async (world) => {
      const before = (await see(world)).servers.map(({ setting }) => setting);
      const restored = async (restore: Task<string>): Promise<void> => {
        await apply(world, restore);
        const { servers, lease } = await see(world);
        expect([servers.map(({ setting }) => setting), lease]).toEqual([before, null]);
      };
      const drained = drainMember({ ...at(world), ...by, how: 'drained', run: 'r1' });
      const inPart = restoreMember({ ...at(world), run: 'r1', percent: 10 });
      // Killed before the lease is written for the second time.
      await apply(world, drained);
      await expect(apply({ ...world, host: killedAt(world.host, leaseOf(world), 2) }, inPart)).rejects.toThrow(
        'killed',
      );
      await restored(restoreMember(at(world)));
      // Observed to be unhealthy.
      await apply(world, drained);
      await apply(world, inPart);
      await apply(world, drained);
      expect(await many(world)).not.toContain('gw-1');
      await restored(restoreMember({ ...at(world), run: 'r1' }));
      // Another run.
      await apply(world, drained);
      await apply(world, inPart);
      await apply(world, drainMember({ ...at(world), by: 'r2@desk', reason: 'run', how: 'drained', run: 'r2' }));
      await restored(restoreMember({ ...at(world), run: 'r2' }));
      // An operator.
      await apply(world, drained);
      await apply(world, inPart);
      await apply(world, drainMember({ ...at(world), by: 'ops@desk', reason: 'disk', how: 'drained', kind: 'hand' }));
      await apply(world, inPart);
      expect(await many(world)).not.toContain('gw-1');
      await restored(restoreMember({ ...at(world), byHand: true }));
    });

    row(undefined, 'counts requests and errors, or reports that it does not', async (world) => {
      const first = await look(world, counted(at(world)));
      expect(first === null).toBe(!world.balancer.shows.counters);
      if (first === null) return;
      const answered = await many(world);
      const second = await look(world, counted(at(world)));
      expect(second).toMatchObject({
        epoch: first.epoch,
        status5xx: first.status5xx,
        connectErrors: first.connectErrors,
      });
      expect((second?.requests ?? 0) - first.requests).toBe(answered.filter((node) => node === 'gw-1').length);
    });
  });
}

const leaseOf = ({ balancer }: BalancerWorld): string => leasePath(balancer.pool, 'gw-1');

const timingOf = (world: BalancerWorld): Promise<CheckTiming> =>
  world.balancer.timing(world.host, world.member('gw-1'));

const many = async (world: BalancerWorld, tries = TRIES): Promise<readonly (Node | null)[]> => {
  const answered: (Node | null)[] = [];
  for (let i = 0; i < tries; i++) answered.push(await world.request());
  return answered;
};
