import { type Mutant, mutantsIn } from './mutant.ts';

const lb = mutantsIn('src/lb', ['test/lb/haproxy/haproxy.test.ts', 'test/lb/haproxy/contract.test.ts']);

/** Mistakes in HAProxy's driver, and in the tasks over any balancer. */
export const LB_MUTANTS: readonly Mutant[] = [
  lb(
    'haproxy/haproxy.ts',
    'a member that no server line names is taken for a good one',
    'if (servers.length > 0) return servers;',
    'return servers;',
  ),
  lb('haproxy/view.ts', 'a server of another port is taken for the member', 'server.port === port && ', ''),
  lb(
    'haproxy/view.ts',
    'only one backend is read',
    'servers.filter((server) => server.port === port',
    'servers.slice(0, 1).filter((server) => server.port === port',
  ),
  lb(
    'haproxy/set.ts',
    'a drain ends external maintenance',
    'ADMIN.maint | ADMIN.drain : ADMIN.maint',
    'ADMIN.drain : ADMIN.maint',
  ),
  lb('haproxy/set.ts', 'an agent may undo a drain', "agentOf(server) === 'on' ?", 'false ?'),
  lb('haproxy/set.ts', 'the weight is not restored', "differs('weight') ?", 'false ?'),
  lb('haproxy/view.ts', 'a server at weight 0 counts as in service', 'weight === 0 || (admin', '(admin'),
  lb(
    'haproxy/view.ts',
    'cookies and stick tables are not seen',
    "if (cookie !== '' || snapshot.sticky.size > 0) return true;",
    '',
  ),
  lb('haproxy/view.ts', 'a server in slow start counts as up', 'server.operational === 2', 'server.operational >= 1'),
  lb('haproxy/view.ts', 'sessions are not counted', "count(stat, 'scur') + count(stat, 'qcur')", '0'),
  lb('haproxy/stat.ts', 'a reload is not noticed', "[pid, field('Start_time_sec')]", "['1']"),
  lb(
    'in-service.ts',
    'UP from an old check is believed',
    'server.sinceMs < confirmedAfterMs(timing)',
    'server.sinceMs < 0',
  ),
  lb(
    'drain-member.ts',
    'a drain leaves no record',
    '!(await swapLease(host, { pool, node: member.node, leaseDigest, to }))',
    '!(await Promise.resolve(true))',
  ),
  lb(
    'restore-member.ts',
    'the lease is removed, and nothing is restored',
    'await balancer.set(host, member, before);',
    'await Promise.resolve();',
  ),
  lb(
    'restore-member.ts',
    'a run restores an operator’s drain',
    "lease?.kind === 'hand' && !byHand ? null : lease",
    'lease',
  ),
  lb(
    'restore-member.ts',
    'external maintenance after a drain of api7-orch is ended',
    ' && !external.includes(name)',
    '',
  ),
  lb(
    'drain-member.ts',
    'maintenance by api7-orch is mistaken for external maintenance',
    '{ closed: [...lease.closed, ...closed] }',
    '{ closed: lease.closed }',
  ),
  lb(
    'still-drained.ts',
    'what sticks to a drained server does not count',
    'servers.every(getsNoRequests) &&',
    "servers.every(({ state }) => state !== 'up') &&",
  ),
  lb(
    'still-drained.ts',
    'another process of the balancer is mistaken for the one that got the order',
    '(p.epoch === undefined || p.epoch === epoch)',
    'epoch !== null',
  ),
  lb(
    'read-member.ts',
    'a server that follows an externally held one is not held',
    'shown.has(inherits) || drainedByRun.has(inherits)',
    'true',
  ),
  lb(
    'lease.ts',
    'a lease is written whatever has been written since it was read',
    '{ from: leaseDigest, to: to && leaseText(to) }',
    '{ from: await host.sha256(leasePath(pool, node)), to: to && leaseText(to) }',
  ),
  lb(
    'restore-member.ts',
    'a restore undoes the drain of an operator who did not wait for it',
    "if (taken !== null) await balancer.set(host, member, (taken.closed ?? []).length > 0 ? 'closed' : 'drained');",
    '',
  ),
  lb(
    'restore-member.ts',
    'the lease of a node that gets a part of its traffic is removed',
    'if (now.isPart) return now.lease;',
    '',
  ),
  lb('haproxy/set.ts', 'a part of the weight is all of it', 'weight: String(part)', 'weight: String(weight)'),
  lb(
    'drain-member.ts',
    'a run changes a node that an operator holds',
    "view.lease?.kind === 'hand' && !p.evenHeld",
    'false',
  ),
  lb('no-sessions.ts', 'a lost drain is waited for', 'balancer.shows.reload && ', 'false && '),
  lb('no-sessions.ts', 'the drain gate is skipped', 'busy(servers).length === 0', 'busy(servers).length >= 0'),
  {
    file: 'src/lb/others-take-over.ts',
    find: 'takesOver: (each) => takesOver(each),',
    replace: 'takesOver: () => true,',
    why: 'two drains that begin at the same time do not see each other',
    by: ['test/engine/roll/meetings.test.ts'],
  },
  {
    file: 'src/lb/read-member.ts',
    find: ' && (lease === null || lease.restoring !== undefined)',
    replace: '',
    why: 'a drain that has only its lease yet does not count',
    by: ['test/cli/lb/drain.test.ts'],
  },
];
