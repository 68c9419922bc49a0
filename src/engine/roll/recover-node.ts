import type { DisruptionGate } from '../apply/disruption-gate.ts';
import { type DrainedNode, untilIdle, whileDrained } from './while-drained.ts';

/**
 * Recreates what the node ran before its change. It does so only if that is recorded, only while its dependencies
 * respond (else it would fail like the change), and only while the drain holds. `gate`: makes the last check before a
 * stop.
 *
 * @throws OrchError NO_WAY_BACK, and the programs' errors: the node stays as it is
 */
export async function recoverNode(drained: DrainedNode, gate: DisruptionGate): Promise<void> {
  const { node, traffic, steps, context } = drained;
  await steps.run(node, () => traffic.hasWayBack(), { quiet: true });
  await steps.run(node, () => traffic.checkDependencies(context.play.options.rolling), { quiet: true });
  await whileDrained(drained, () => untilIdle(drained, context.urgent));
  await steps.run(node, () => traffic.goBack(), { gate });
}
