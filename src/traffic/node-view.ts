import { defined } from '../core/base/data.ts';
import type { MemberView } from '../core/host/balancer.ts';
import type { Diagnostics, NodeView } from '../core/play/rolling.ts';
import { holderOf } from '../lb/lease.ts';
import { getsRequests, isInFullService, isInService } from '../lb/read-member.ts';
import type { NodeBalancing, PoolMember } from './pool-member.ts';

interface Seen {
  readonly balancing: NodeBalancing;
  readonly views: readonly { readonly poolMember: PoolMember; readonly view: MemberView }[];
  /** Containers of a node, read if no balancer reports it. */
  readonly containers: readonly Diagnostics[];
  /** Why balancers are left out. */
  readonly withoutReason: string;
}

/** The combined view of a node's balancers, including the ones left out and why. */
export function nodeView({ balancing, views, containers, withoutReason }: Seen): NodeView {
  const servers = views.flatMap(({ view }) => view.servers);
  const runs = containers.length > 0 && containers.every(({ status }) => status === 'running');
  const waivers = [
    ...balancing.unmanaged.map(({ name, reason }) => `${name}: unmanaged (${reason})`),
    ...balancing.without.map(({ pool, host }) => `${pool.name} on ${host}: ignored (${withoutReason})`),
  ];
  return {
    inTraffic: servers.some(getsRequests) || containers.some(({ status }) => status === 'running'),
    held: views.some(({ view }) => view.held.length > 0 || view.lease?.kind === 'hand'),
    drainedByRun: views.some(({ view }) => view.lease?.kind === 'run'),
    ...(views.some(({ view }) => view.soaking !== undefined) ? { soaking: true } : {}),
    ...(servers.some(({ sessions }) => sessions === null) ? { uncounted: true } : {}),
    up: views.length === 0 ? runs : views.every(({ view }) => isInFullService(view.servers)),
    ...defined({ heldBy: heldBy(views), notUp: notUp(views) }),
    shown: [...views.map(shown), ...waivers].join('; '),
  };
}

/** The holder: an operator, by the lease; otherwise an external tool. */
function heldBy(views: Seen['views']): string | undefined {
  const person = views.find(({ view }) => view.lease?.kind === 'hand');
  if (person?.view.lease) return `drained by ${holderOf(person.view.lease)}`;
  const external = views.find(({ view }) => view.held.length > 0);
  return external && `drained externally on ${external.poolMember.balancer.host}: ${external.view.held.join(', ')}`;
}

function notUp(views: Seen['views']): string | undefined {
  const out = views.flatMap(({ poolMember, view }) =>
    view.servers
      .filter((server) => !isInService(server))
      .map(({ name, state }) => `${name} is ${state} on ${poolMember.balancer.host}`),
  );
  return out.length === 0 ? undefined : out.join(', ');
}

function shown({ poolMember, view }: Seen['views'][number]): string {
  const states = [...new Set(view.servers.map(({ state }) => state))].join(' and ');
  const counted = view.servers.some(({ sessions }) => sessions !== null);
  const sessions = view.servers.reduce((sum, server) => sum + (server.sessions ?? 0), 0);
  return `${poolMember.balancer.name}: ${states}${counted ? `, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}` : ''}`;
}
