import type { DisruptionGate } from '../apply/disruption-gate.ts';
import { type DrainedNode, untilIdle, whileDrained } from './while-drained.ts';

/**
 * Recreates what the node ran before its change: only if there is such a thing, only while its dependencies respond (else what it ran
 * before would fail like the change), and only while its drain is proved. `turns`: makes the last look before a stop.
 *
 * @throws OrchError NO_WAY_BACK, and what the programs throw: the node stays as it is
 */
export async function recoverNode(drained: DrainedNode, turns: DisruptionGate): Promise<void> {
  const { node, traffic, steps, context } = drained;
  await steps.run(node, () => traffic.hasWayBack(), { quiet: true });
  await steps.run(node, () => traffic.checkDependencies(context.play.options.rolling), { quiet: true });
  await whileDrained(drained, () => untilIdle(drained, context.urgent));
  await steps.run(node, () => traffic.goBack(), { turns });
}
