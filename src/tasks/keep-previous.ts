import { z } from 'zod';
import type { Connection } from '../core/host/connection.ts';
import { ROOT_DIRECTORY, ROOT_FILE } from '../core/host/root-only.ts';
import { defineTask } from '../core/task/define-task.ts';
import { type Present, readPresent, readRecord } from './previous/observe.ts';
import {
  digestOfState,
  earlierStates,
  PREVIOUS,
  type PreviousRecord,
  recordPath,
  type SeenState,
  versionOf,
} from './previous/record.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** The node is in service, so what it runs is known to work. Otherwise the record has no previous version. */
  serves: z.boolean(),
});

type Params = z.output<typeof params>;

type Kept = {
  /** Digest of the recorded previous state, and why there is none. */
  readonly before: string | null;
  readonly why: string;
  /** The same for the running state, as far as it is known to work. */
  readonly runs: string | null;
  readonly runsWhy: string;
};

const NOT_IN_SERVICE = 'it was not in full service before the change';

/**
 * Records on a container's host what it runs, before its change: the id of its image, its settings, and its tasks'
 * files. The record also keeps the newest states of the last two other versions that served.
 *
 * @example yield keepPrevious({ container: 'api7-gateway', serves: true });
 */
export const keepPrevious = defineTask<typeof params, void, Kept, void>({
  kind: 'keepPrevious',
  params,
  impact: 'none',
  claim: (p) => `file:${recordPath(p.container)}`,
  title: (p) => `record what ${p.container} runs`,
  async read(p, host) {
    const [record, present] = await Promise.all([readRecord(p.container, host), readPresent(p.container, host)]);
    const { state, why } = goodState(p, present);
    return {
      before: record?.before ?? null,
      why: record?.why ?? '',
      runs: state === undefined ? null : digestOfState(state),
      runsWhy: why,
    };
  },
  want(p, now) {
    const seen = now ?? { before: null, why: '', runs: null, runsWhy: p.serves ? '' : NOT_IN_SERVICE };
    return { ...seen, before: seen.runs, why: seen.runsWhy };
  },
  write: (p, _change, host) => keep(p, host),
});

/** The running state, if it is known to work; else why the node could not return to it. */
function goodState({ serves }: Params, present: Present): { readonly state?: SeenState; readonly why: string } {
  if (!serves) return { why: NOT_IN_SERVICE };
  return 'state' in present ? { state: present.state, why: '' } : present;
}

const NOTHING: Pick<PreviousRecord, 'states'> = { states: [] };

async function keep(p: Params, host: Connection): Promise<void> {
  const [record, present, now] = await Promise.all([
    readRecord(p.container, host),
    readPresent(p.container, host),
    host.clock(),
  ]);
  const { state, why } = goodState(p, present);
  const known = record ?? NOTHING;
  const next: PreviousRecord =
    state === undefined
      ? { v: 1, before: null, why, states: known.states }
      : {
          v: 1,
          before: digestOfState(state),
          states: [{ keptAt: new Date(now).toISOString(), ...state }, ...earlierStates(known, versionOf(state))],
        };
  await host.makeDirectory(PREVIOUS, ROOT_DIRECTORY);
  await host.writeFile(recordPath(p.container), `${JSON.stringify(next)}\n`, ROOT_FILE);
}
