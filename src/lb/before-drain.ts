import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { OtherPort } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const changeable = defineGate<typeof params, OrchError | undefined>({
  kind: 'changeable',
  params,
  title: ({ balancer }) => `${balancer.name} can be changed`,
  look: async ({ balancer }, host) => balancer.readOnly?.(host),
  met: (_p, refusal) => refusal === undefined,
  unmet: ({ balancer }, refusal) => refusal ?? new OrchError('LB_REFUSED', `${balancer.name} takes no orders`),
});

/**
 * Gate, one reading before any command is sent: the balancer accepts commands. A read-only balancer would leave a drain
 * half done.
 *
 * @throws OrchError HAPROXY_DENIED
 */
export const takesOrders = (p: z.input<typeof params>): Task<string> => changeable(p).delegate(p.balancer.host);

const lasting = defineGate<typeof params, string | undefined>({
  kind: 'drainsLast',
  params,
  title: ({ balancer }) => `${balancer.name} keeps drains when it is reloaded`,
  onTimeout: 'warn',
  look: async ({ balancer, member }, host) => balancer.forgetsDrains?.(host, member),
  met: (_p, why) => why === undefined,
  unmet: ({ balancer }, why) => new OrchError('DRAIN_LOST', `${balancer.host}: a reload forgets drains: ${why}`),
});

/**
 * Warns of a balancer that forgets drains when it is reloaded. A run notices that and drains again; a manual drain is
 * lost.
 */
export const drainsLast = (p: z.input<typeof params>): Task<string> => lasting(p).delegate(p.balancer.host);

const named = z.strictObject({
  ...where,
  /** Ports of the node in all pools of this balancer's host: a drain covers them all. */
  ports: z.array(z.int()).readonly(),
});

type Named = z.output<typeof named>;

const noOtherPorts = defineGate<typeof named, readonly OtherPort[]>({
  kind: 'portsNamed',
  params: named,
  title: ({ balancer, member }) => `${balancer.name}: all ports of ${member.node} are in a pool`,
  onTimeout: 'warn',
  look: async ({ balancer, member }, host) => (await balancer.otherPorts?.(host, member)) ?? [],
  met: (p, others) => unnamed(p, others).length === 0,
  unmet(p, others) {
    const { balancer, member } = p;
    const places = unnamed(p, others).map(({ name, port }) => `${name.replace('/', ', server ')}, port ${port}`);
    return new OrchError(
      'LB_MEMBER_UNKNOWN',
      `${balancer.host} also sends requests to ${member.node} on a port that no pool of the inventory names: backend ${places.join('; backend ')}; a drain does not stop them, add a pool with this port to load_balancers`,
    );
  },
});

/**
 * Warns of requests that a balancer sends to the node on ports outside of the inventory's pools: no drain stops them.
 */
export const portsNamed = (p: z.input<typeof named>): Task<string> => noOtherPorts(p).delegate(p.balancer.host);

const unnamed = ({ ports }: Named, others: readonly OtherPort[]): readonly OtherPort[] =>
  others.filter(({ port }) => !ports.includes(port));
