import { defined } from '../../core/base/data.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import type { Command } from '../../rolling/types.ts';
import type { RollContext } from './roll-context.ts';
import type { RollSteps } from './steps.ts';

/** Delay before the condition is checked again after a yes; without it `--on-hold go` would loop. */
const AGAIN_MS = 5000;

/** Asks the operator whether to continue; without a terminal the answer is no. */
export async function askOperator(
  context: RollContext,
  steps: Pick<RollSteps, 'soaked'>,
  { node, fault }: Pick<Extract<Command, { readonly do: 'hold' }>, 'node' | 'fault'>,
): Promise<boolean> {
  const { emit, play, ask, clock, signal } = context;
  const about = node ?? fault.host;
  const { message: why, hint } = fault;
  const hold = { type: 'roll.hold', play: play.options.name, why, ...defined({ host: about, hint }) } as const;
  emit({ ...hold, waiting: true });
  const answer = (await ask?.(`${about === undefined ? '' : `${about}: `}${questionOf(node, fault)}`)) ?? false;
  emit({ ...hold, waiting: false, answer });
  // After a soak without a verdict, a yes means that the node passes.
  if (answer && fault.code === 'SOAK_INCONCLUSIVE' && node !== undefined) await steps.soaked(node);
  else if (answer) await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
  return answer;
}

/** The question, by the code of the pause. */
function questionOf(node: string | undefined, { code }: ErrorInfo): string {
  if (node === undefined) return 'try to read this balancer again?';
  switch (code) {
    case 'DRAIN_ON_HOLD':
      return 'wait longer for these requests?';
    case 'CONTROL_PLANE_UNREACHABLE':
      return 'check the control plane again?';
    case 'SOAK_INCONCLUSIVE':
      return 'continue with the next node?';
    default:
      return 'continue?';
  }
}
