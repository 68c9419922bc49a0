import { z } from 'zod';
import type { Reader } from '../core/host/connection.ts';
import { defineQuery } from '../core/task/define-query.ts';
import { readPresent, readRecord } from './previous/observe.ts';
import { digestOfState, versionOf } from './previous/record.ts';

const params = z.strictObject({ container: z.string().min(1) });

/** What a container runs, and what its host has on record of it. */
export interface PreviousStates {
  /** Version that runs; left out: there is no container. */
  readonly runs?: string;
  /** What it can go back to, newest first: what runs is not among it. */
  readonly states: readonly { readonly version: string; readonly keptAt: string; readonly isBefore: boolean }[];
  /** Why a failed change could not have been undone; left out: it could. */
  readonly why?: string;
}

/**
 * What a container can go back to: `yield*` gives it.
 *
 * @example const { states } = yield* previousStates({ container: 'api7-gateway' });
 */
export const previousStates = defineQuery<typeof params, PreviousStates>({
  kind: 'previousStates',
  params,
  title: (p) => `what ${p.container} ran before`,
  look: ({ container }, host) => lookAtPrevious(container, host),
});

/** The same, of a host that is at hand. */
export async function lookAtPrevious(container: string, host: Reader): Promise<PreviousStates> {
  const [found, present, record] = await Promise.all([
    host.docker.container(container),
    readPresent(container, host),
    readRecord(container, host),
  ]);
  const runs = 'state' in present ? digestOfState(present.state) : undefined;
  const states = (record?.states ?? []).filter((state) => digestOfState(state) !== runs);
  return {
    ...(found === null ? {} : { runs: versionOf({ ref: found.Config.Image }) }),
    states: states.map((state) => ({
      version: versionOf(state),
      keptAt: state.keptAt,
      isBefore: digestOfState(state) === record?.before,
    })),
    ...(record?.why === undefined ? {} : { why: record.why }),
  };
}
