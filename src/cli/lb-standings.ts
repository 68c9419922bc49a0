import { z } from 'zod';
import type { Seat } from '../api7/seats.ts';
import type { MemberView } from '../core/balancer.ts';
import { defineQuery } from '../core/define-query.ts';
import { isConnectionLost, OrchError } from '../core/errors.ts';
import type { Fault } from '../core/event.ts';
import { faultOf } from '../core/fault.ts';
import { look } from '../lb/look.ts';
import { type Stray, straysOn } from './lb-look.ts';

/** Seats behind balancers on one host, and an error in place of what cannot be told of one alone. */
export interface Standings {
  readonly seats: readonly { readonly view: MemberView | null; readonly error: Fault | null }[];
  readonly strays: readonly Stray[];
}

const params = z.strictObject({
  /** Name of the host of all these seats' balancers. */
  host: z.string(),
  seats: z.array(z.custom<Seat>()).readonly(),
  /** Paths of the records that members may have. */
  records: z.array(z.string()).readonly(),
  /** Whatever a balancer answers, or that it does not, is told of its members, too. */
  tolerant: z.boolean().default(false),
});

/** The balancer answered, and it is this member alone that cannot be told of. */
const OWN: ReadonlySet<string> = new Set(['LB_MEMBER_UNKNOWN', 'LB_LEASE']);

/**
 * How balancers on one host treat their members, all in one look that changes nothing: `yield*` gives it, in the order of
 * the seats.
 *
 * @throws OrchError LB_UNREACHABLE | LB_ANSWER
 */
export const standings = defineQuery<typeof params, Standings>({
  kind: 'standings',
  params,
  title: ({ host }) => `how the members stand on ${host}`,
  async look({ seats, records, tolerant }, host) {
    const [views, strays] = await Promise.all([
      Promise.all(
        seats.map(async ({ balancer, member }) => {
          try {
            return { view: await look(balancer, host, member), error: null };
          } catch (error) {
            if (!(error instanceof OrchError) || isConnectionLost(error)) throw error;
            if (!tolerant && !OWN.has(error.code)) throw error;
            return { view: null, error: faultOf(error, { host: host.name }) };
          }
        }),
      ),
      straysOn(new Set(records), host),
    ]);
    return { seats: views, strays };
  },
});
