import type { ErrorInfo } from '../../core/event/event.ts';
import type { RollContext } from './roll-context.ts';

/** What was not so a moment ago is not so now: a yes, above all one that was given beforehand, waits so long. */
const AGAIN_MS = 5000;

/** Whether to go on, as a person says; without anybody to ask: no. */
export async function askPerson(context: RollContext, node: string | undefined, fault: ErrorInfo): Promise<boolean> {
  const { emit, play, ask, clock, signal } = context;
  const why = `${node === undefined ? '' : `${node}: `}${fault.message}`;
  const told = { type: 'roll.hold', play: play.options.name, why } as const;
  emit({ ...told, waiting: true });
  const question = fault.code === 'DRAIN_HOLD' ? 'Wait on?' : 'Go on?';
  const go = (await ask?.(`${fault.message}. ${question}`)) ?? false;
  emit({ ...told, waiting: false });
  if (go && fault.code !== 'SOAK_INCONCLUSIVE') await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
  return go;
}
