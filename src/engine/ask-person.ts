import type { Fault } from '../core/event.ts';
import type { RollContext } from './roll.ts';

/** Whether a person says that the roll is to go on, though that is so. Nobody there: no. `node`: whom it is about. */
export async function askPerson(
  { emit, play, ask }: RollContext,
  node: string | undefined,
  { message }: Fault,
): Promise<boolean> {
  const why = `${node === undefined ? '' : `${node}: `}${message}`;
  const told = { type: 'roll.hold', play: play.options.name, why } as const;
  emit({ ...told, waiting: true });
  const go = (await ask?.(`${message}. Go on?`)) ?? false;
  emit({ ...told, waiting: false });
  return go;
}
