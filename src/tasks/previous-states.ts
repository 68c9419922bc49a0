import { z } from 'zod';
import { defined } from '../core/base/data.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineQuery } from '../core/task/define-query.ts';
import { readPresent, readRecord } from './previous/observe.ts';
import { digestOfState, earlierStates, versionOf } from './previous/record.ts';

const params = z.strictObject({ container: z.string().min(1) });

/** A container's version, and its recorded previous versions. */
export interface PreviousStates {
  /** Running version; absent: no container. */
  readonly runs?: string;
  /** Versions that it can return to, newest first, without the running one. */
  readonly states: readonly { readonly version: string; readonly keptAt: string; readonly isBefore: boolean }[];
  /** Why a failed change could not have been undone; absent: it could. */
  readonly why?: string;
}

/**
 * The versions that a container can return to, as the result of `yield*`.
 *
 * @example const { states } = yield* previousStates({ container: 'api7-gateway' });
 */
export const previousStates = defineQuery<typeof params, PreviousStates>({
  kind: 'previousStates',
  params,
  title: (p) => `what ${p.container} ran before`,
  look: ({ container }, host) => lookAtPrevious(container, host),
});

/** The same for a given host connection. */
export async function lookAtPrevious(container: string, host: Reader): Promise<PreviousStates> {
  const [found, present, record] = await Promise.all([
    host.docker.container(container),
    readPresent(container, host),
    readRecord(container, host),
  ]);
  const running = 'state' in present ? digestOfState(present.state) : undefined;
  const runs = found === null ? undefined : versionOf({ ref: found.Config.Image });
  const earlier = record === null ? [] : earlierStates(record, runs);
  const states = (record?.states ?? []).filter((state) => {
    const digest = digestOfState(state);
    return digest !== running && (digest === record?.before || earlier.includes(state));
  });
  return {
    ...defined({ runs }),
    states: states.map((state) => ({
      version: versionOf(state),
      keptAt: state.keptAt,
      isBefore: digestOfState(state) === record?.before,
    })),
    ...(record?.why === undefined ? {} : { why: record.why }),
  };
}
