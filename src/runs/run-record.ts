import { z } from 'zod';
import { attempt } from '../core/base/attempt.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Outcome } from '../core/event/event.ts';
import { RUN_ID } from './run-id.ts';

/** Directory of the run records on a host. */
export const RUNS = '/var/lib/api7-orch/runs';

export const runRecordPath = (run: string): string => `${RUNS}/${run}.json`;

/** Bytes. The record of a cluster of 5,000 hosts takes half of them. */
export const RUN_RECORD_LIMIT = 1024 * 1024;

/** A host keeps this many records, the latest ones; more are not read. */
export const MOST_RUN_RECORDS = 20;

const OUTCOMES = [
  'ok',
  'failed',
  'refused',
  'partial',
  'rolledBack',
  'locked',
  'interrupted',
  'internal',
] as const satisfies readonly Outcome[];

const text = z.string().max(1000);
const name = z.string().max(300);
/** Records are host input: `__proto__` must not become a key. */
const key = name.refine((word) => word !== '__proto__');
const plain = z.union([text, z.number(), z.boolean()]);

/** A variable's value that may be recorded; others must be given again. */
export const recordedValue = z.union([plain, z.array(plain).max(100)]);

/** The request of a run, without secrets. */
const runRequest = z.strictObject({
  /** Name of the playbook; with `byPath` of its file, which `resume` needs again. */
  playbook: z.string().regex(/^[\w.-]{1,100}$/),
  byPath: z.boolean(),
  limit: text.exactOptional(),
  /** Variables of the playbook, including defaults fixed for this run: since when nodes count as restarted. */
  vars: z.record(key, recordedValue),
  /** Names of given variables whose values are not recorded. */
  withheld: z.array(name).max(100),
  /** Risks that the operator has accepted, as command-line words. For people: `resume` requires them again. */
  accepted: z.array(text).max(100),
});

export type RunRequest = z.output<typeof runRequest>;

const nodeState = z.enum(['waiting', 'changing', 'done', 'failed', 'rolledBack', 'skipped']);

/** `waiting`: not changed yet. `changing`: its change was under way at this write. */
export type NodeState = z.output<typeof nodeState>;

const act = z.strictObject({ by: text, at: z.iso.datetime() });

const runRecord = z.strictObject({
  v: z.literal(1),
  run: z.string().regex(RUN_ID),
  /** Increases with each write: of two copies the higher one is valid. */
  rev: z.int().min(0),
  cluster: name,
  /** Who started it, and when. */
  begun: act,
  /** Who resumed it last. */
  resumed: act.exactOptional(),
  request: runRequest,
  /** Version of api7-orch, and the digest of the playbook. */
  program: z.strictObject({ version: name, playbook: name }),
  /** Digests of the parts of the inventory, without its secrets. */
  inventory: z.record(key, name),
  /** References of the images, with the digest that the run uses for a tag, once known: `api7/gateway:1@sha256:…`. */
  images: z.array(text).max(10),
  /** Batches of the latest rolling change, in its order. */
  order: z.array(z.array(name)),
  nodes: z.record(key, nodeState),
  /** How it ended; absent while it runs, or after it was killed. */
  end: z.strictObject({ outcome: z.enum(OUTCOMES), at: z.iso.datetime() }).exactOptional(),
});

/** A run record on a host. */
export type RunRecord = z.output<typeof runRecord>;

/** A finished run leaves nothing to resume. */
export const isFinished = ({ end }: Pick<RunRecord, 'end'>): boolean => end?.outcome === 'ok';

export const runRecordText = (record: RunRecord): string => `${JSON.stringify(record)}\n`;

/**
 * Parses a record read from a host.
 *
 * @throws OrchError RUN_RECORD_INVALID | RUN_RECORD_NEWER
 */
export function parseRunRecord(
  content: string,
  { host, run }: { readonly host: string; readonly run: string },
): RunRecord {
  const parsed = attempt(() => JSON.parse(content));
  const version = attempt(() => z.object({ v: z.int() }).parse(parsed).v);
  if (version !== undefined && version > 1)
    throw new OrchError('RUN_RECORD_NEWER', `the record of run ${run} on ${host} is of a later version of api7-orch`, {
      host,
      hint: 'resume it with the version that began it, or run the same command again',
    });
  const record = attempt(() => runRecord.parse(parsed));
  if (record === undefined) throw invalidRecord({ host, run }, 'it is damaged');
  if (record.run !== run) throw invalidRecord({ host, run }, 'it is of another run');
  return record;
}

/** @example throw invalidRecord({ host: 'lb-1', run }, 'it is damaged') */
export const invalidRecord = (
  { host, run }: { readonly host?: string; readonly run: string },
  why: string,
): OrchError =>
  new OrchError('RUN_RECORD_INVALID', `the record of run ${run} cannot be used: ${why}`, {
    host,
    hint: `run the same command again in place of resume; to be rid of the record, remove ${runRecordPath(run)} there`,
  });
