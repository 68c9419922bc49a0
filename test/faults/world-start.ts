import { batchSize } from '../../src/core/play/count.ts';
import { Violation } from './world.ts';
import type { Ledger, Started } from './world-ledger.ts';

/** 0: no balancer sends it requests; 1: unhealthy; 2: healthy. */
function rankOf(ledger: Ledger, id: string): number {
  const node = ledger.nodes.find((one) => one.id === id);
  const view = node?.balanced ? ledger.seen?.[id] : undefined;
  if (view !== undefined && (view.drainedByRun || !view.inTraffic)) return 0;
  return ledger.troubled.has(id) || view?.up === false ? 1 : 2;
}

/** Nodes that were started and are not over. A node that waits again before its drain is not one of them. */
const inProgress = ({ started, waiting, underWay, drained, endOf }: Ledger): readonly string[] =>
  [...started.keys()].filter(
    (id) => endOf(id) === undefined && !(waiting.has(id) && !underWay.has(id) && !drained.has(id)),
  );

/** Whether a node may start now, by the events so far. `wants`: it is to be changed. @throws Violation */
export function checkStart(ledger: Ledger, node: string, wants: boolean): Started {
  const no = (why: string): never => {
    throw new Violation(`${node} starts ${why}`);
  };
  const view = ledger.seen?.[node];
  const { balanced = false, inRun = false } = ledger.nodes.find(({ id }) => id === node) ?? {};
  const before = inProgress(ledger).filter((id) => id !== node);
  if (!inRun) no('though it is not in the run');
  if (ledger.staging.size > 0) no(`before ${[...ledger.staging]} is staged`);
  if (ledger.stopped !== undefined) no(`though ${ledger.stopped}`);
  if (ledger.seenAskedAt < ledger.changedAt) no('on an old observation');
  if (balanced && view === undefined) no('unseen');
  if (wants && view?.held && !view.drainedByRun && !ledger.options.includeHeld) no('though it is held');
  const rank = rankOf(ledger, node);
  if (wants && (!balanced || view?.inTraffic)) {
    const away = new Set([...unavailable(ledger), ...before, node]);
    if (ledger.isOverrun(node, [...away])) no(`beyond the budget: ${[...away]} would be out of service`);
  }
  const first = [...ledger.waiting].filter((id) => id !== node && !before.includes(id) && rankOf(ledger, id) < rank);
  const toRepair = before.filter((id) => (ledger.started.get(id)?.rank ?? 0) < rank);
  if (first.length + toRepair.length > 0) no(`before ${[...first, ...toRepair]}, which does not serve`);
  checkBatch(ledger, node, rank, before.length, no);
  return { rank, view: balanced ? view : undefined, wanted: wants, seenAt: ledger.seenTakenAt };
}

const unavailable = ({ nodes, seen, bad, endOf }: Ledger): readonly string[] =>
  nodes
    .filter(({ id, balanced, unreachable }) => {
      const view = seen?.[id];
      if ((bad.has(id) && endOf(id)?.state !== 'rolledBack') || unreachable) return true;
      return balanced && (view === undefined || view.drainedByRun || view.held || !view.up || !view.inTraffic);
    })
    .map(({ id }) => id);

/** A healthy node starts only after all batches before its own. */
function checkBatch(ledger: Ledger, node: string, rank: number, inFlight: number, no: (why: string) => never): void {
  const of = ledger.nodes.filter(({ inRun }) => inRun).length;
  const { canary, batch } = ledger.options;
  const list = batch === undefined ? [of] : typeof batch === 'object' ? batch : [batch];
  const sizeAt = (turn: number): number =>
    turn < canary ? 1 : batchSize(list[Math.min(turn - canary, list.length - 1)] ?? of, of);
  const most = Math.max(...list.map((count) => batchSize(count, of)));
  if (inFlight + 1 > most) no(`as number ${inFlight + 1} of a batch of ${most}`);
  if (rank < 2) return;
  if (!ledger.serving.includes(node)) ledger.serving.push(node);
  const place = ledger.serving.indexOf(node);
  let begin = 0;
  for (let turn = 0; begin + sizeAt(turn) <= place; turn++) begin += sizeAt(turn);
  const open = ledger.serving.slice(0, begin).filter((id) => ledger.endOf(id) === undefined);
  if (open.length > 0) no(`before the batch of ${open} is over`);
}
