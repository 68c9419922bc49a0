import { z } from 'zod';
import { isConnectionLost, OrchError } from '../core/base/errors.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { MemberView } from '../core/host/balancer.ts';
import { defineTask } from '../core/task/define-task.ts';
import { asPlainData, type Plain } from '../lb/plain.ts';
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
const OWN: ReadonlySet<string> = new Set(['LB_MEMBER_UNKNOWN', 'LB_LEASE']);

/**
 * How balancers on one host treat their members, all in one look that changes nothing: `yield*` gives it, in the order of
 * the seats.
 *
 * @throws OrchError LB_UNREACHABLE | LB_ANSWER
 */
export const memberViews = defineTask<typeof params, void, Plain<Standings>, Standings>({
  kind: 'standings',
  params,
  impact: 'none',
  claim: ({ seats }) =>
    `gate:standings of ${seats.map(({ balancer, member }) => `${balancer.name} ${member.node}`).join(', ')}`,
  title: ({ host }) => `how the members stand on ${host}`,
  async read({ seats, records, tolerant }, host) {
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
    return asPlainData<Standings>({ seats: views, strays });
  },
  want: (_p, now) => now,
  result: (found) => found,
});
