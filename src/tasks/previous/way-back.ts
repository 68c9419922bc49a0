import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { readRecord } from './observe.ts';
import { digestOfState, earlierStates, type PreviousRecord, type PreviousState, versionOf } from './record.ts';

export const noWayBack = (container: string, why: string): OrchError =>
  new OrchError('NO_WAY_BACK', `${container} cannot go back: ${why}`, {
    hint: 'repair the node, then run the same command to resume',
  });

interface Wanted {
  /** Absent: the state before the last change. */
  readonly to: string | undefined;
  /** The running version, if there is one. */
  readonly runs: string | undefined;
}

/**
 * The state that a container returns to: the one before its change, or the newest of a version.
 *
 * @throws OrchError NO_WAY_BACK
 */
export async function wayBack(container: string, { to, runs }: Wanted, host: Reader): Promise<PreviousState> {
  const record = await readRecord(container, host);
  if (record === null) throw noWayBack(container, 'there is no record of what it ran before');
  const earlier = earlierStates(record, runs);
  const state = to === undefined ? stateBefore(record) : earlier.find((one) => versionOf(one) === to);
  if (state === undefined)
    throw noWayBack(
      container,
      to === undefined ? (record.why ?? 'there is no record of what it ran before') : notKept(to, earlier),
    );
  if ((await host.docker.image(state.image)) === null)
    throw noWayBack(container, `image ${state.ref} (${state.image}) is no longer on the host`);
  return state;
}

const stateBefore = ({ before, states }: PreviousRecord): PreviousState | undefined =>
  states.find((state) => digestOfState(state) === before);

function notKept(version: string, earlier: readonly PreviousState[]): string {
  const kept = earlier.map(versionOf);
  return `version ${version} is not recorded; ${kept.length === 0 ? 'none is' : `recorded: ${kept.join(', ')}`}`;
}
