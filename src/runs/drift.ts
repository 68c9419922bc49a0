import { OrchError } from '../core/base/errors.ts';
import type { RunRecord } from './run-record.ts';

type Pinned = Pick<RunRecord, 'program' | 'inventory'>;

/** At most this many parts are named. */
const NAMED = 8;

/** The differences between the inputs of a run and those of its resumption, in words. Empty: none. */
export function driftOf(was: Pinned, is: Pinned): readonly string[] {
  const program = [
    ...(was.program.version === is.program.version
      ? []
      : [`api7-orch (${was.program.version}, now ${is.program.version})`]),
    ...(was.program.playbook === is.program.playbook ? [] : ['the playbook']),
  ];
  const keys = [...new Set([...Object.keys(was.inventory), ...Object.keys(is.inventory)])];
  const inventory = keys
    .filter((key) => digestIn(was, key) !== digestIn(is, key))
    .map((key) => `${key}${kind(was, is, key)}`);
  return [...program, ...inventory];
}

const digestIn = ({ inventory }: Pinned, key: string): string | undefined =>
  Object.hasOwn(inventory, key) ? inventory[key] : undefined;

const kind = (was: Pinned, is: Pinned, key: string): string =>
  digestIn(was, key) === undefined ? ' (new)' : digestIn(is, key) === undefined ? ' (removed)' : '';

/** The differences, shortened for reading. */
export const driftText = (drift: readonly string[]): string =>
  `${drift.slice(0, NAMED).join(', ')}${drift.length > NAMED ? ` and ${drift.length - NAMED} more` : ''}`;

/** @example throw drifted(run, driftOf(record, now)) */
export const drifted = (run: string, drift: readonly string[]): OrchError =>
  new OrchError('RESUME_DRIFT', `run ${run} began with other inputs: ${driftText(drift)}`, {
    hint: 'restore them, or accept the difference with --replan: everything is planned again',
  });
