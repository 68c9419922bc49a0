import { z } from 'zod';
import { isConnectionLost, OrchError } from '../core/base/errors.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { MemberView } from '../core/host/balancer.ts';
import { defineQuery } from '../core/task/define-query.ts';
import { readMember } from '../lb/read-member.ts';
import type { PoolMember } from './pool-member.ts';
import { type Stray, straysOn } from './pool-snapshot.ts';

/** Seats behind balancers on one host, and an error in place of what cannot be told of one alone. */
export interface Standings {
  readonly seats: readonly { readonly view: MemberView | null; readonly error: ErrorInfo | null }[];
  readonly strays: readonly Stray[];
}

const params = z.strictObject({
  /** Name of the host of all these seats' balancers. */
  host: z.string(),
  seats: z.array(z.custom<PoolMember>()).readonly(),
  /** Paths of the records that members may have. */
  records: z.array(z.string()).readonly(),
  /** Whatever a balancer answers, or that it does not, is told of its members, too. */
  tolerant: z.boolean().default(false),
});

/** The balancer answered, and it is this member alone that cannot be told of. */
const OWN: ReadonlySet<string> = new Set(['LB_MEMBER_UNKNOWN', 'LEASE_INVALID']);

/**
 * How balancers on one host treat their members, all in one look that changes nothing: `yield*` gives it, in the order of
 * the seats.
 *
 * @throws OrchError LB_UNREACHABLE | LB_INVALID_REPLY
 */
export const memberViews = defineQuery<typeof params, Standings>({
  kind: 'standings',
  params,
  title: ({ host }) => `state of the members on ${host}`,
  async look({ seats, records, tolerant }, host) {
    const [views, strays] = await Promise.all([
      Promise.all(
        seats.map(async ({ balancer, member }) => {
          try {
            return { view: await readMember(balancer, host, member), error: null };
          } catch (error) {
            if (!(error instanceof OrchError) || isConnectionLost(error)) throw error;
            if (!tolerant && !OWN.has(error.code)) throw error;
            return { view: null, error: errorInfoOf(error, { host: host.name }) };
          }
        }),
      ),
      straysOn(new Set(records), host),
    ]);
    return { seats: views, strays };
  },
});
