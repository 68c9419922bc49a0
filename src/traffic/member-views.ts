import { z } from 'zod';
import { isConnectionLost, OrchError } from '../core/base/errors.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { MemberView } from '../core/host/balancer.ts';
import { defineQuery } from '../core/task/define-query.ts';
import { readMember } from '../lb/read-member.ts';
import type { PoolMember } from './pool-member.ts';
import { type Stray, straysOn } from './pool-snapshot.ts';

/** Views of members behind balancers on one host; an error for a member that alone cannot be read. */
export interface MemberViews {
  readonly poolMembers: readonly { readonly view: MemberView | null; readonly error: ErrorInfo | null }[];
  readonly strays: readonly Stray[];
}

const params = z.strictObject({
  /** Name of the host of all these balancers. */
  host: z.string(),
  poolMembers: z.array(z.custom<PoolMember>()).readonly(),
  /** Paths of the leases that members may have. */
  records: z.array(z.string()).readonly(),
  /** Reports any error of a balancer as an error of its members. */
  tolerant: z.boolean().default(false),
});

/** The balancer responded; only this member cannot be read. */
const OWN: ReadonlySet<string> = new Set(['LB_MEMBER_UNKNOWN', 'LEASE_INVALID']);

/**
 * How the balancers on one host treat their members, as the result of `yield*`, in the given order. One reading;
 * changes nothing.
 *
 * @throws OrchError LB_UNREACHABLE | LB_INVALID_REPLY
 */
export const memberViews = defineQuery<typeof params, MemberViews>({
  kind: 'memberViews',
  params,
  title: ({ host }) => `state of the members on ${host}`,
  async look({ poolMembers, records, tolerant }, host) {
    const [views, strays] = await Promise.all([
      Promise.all(
        poolMembers.map(async ({ balancer, member }) => {
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
    return { poolMembers: views, strays };
  },
});
