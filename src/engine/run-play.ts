import pLimit from 'p-limit';
import { faultOf } from '../core/fault.ts';
import { batches } from '../core/play.ts';
import { applyHost } from './apply-host.ts';
import type { HostResult } from './host-run.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { RunContext } from './run-playbook.ts';
import { Turns } from './turns.ts';
import type { PlannedPlay } from './validate.ts';

/** Runs one play batch by batch. After a failure no further batch starts, and nothing that serves is touched any more. */
export async function runPlay(
  context: RunContext & { readonly ahead: ReadAhead },
  planned: PlannedPlay,
  pending: Map<string, string>,
): Promise<ReadonlyMap<string, HostResult>> {
  const { emit, clock } = context;
  const { options } = planned.play;
  const results = new Map<string, HostResult>();
  const turns = new Turns();
  const limit = pLimit(context.forks);
  emit({ type: 'play.start', play: options.name, hosts: planned.hosts.map(({ name }) => name) });
  for (const batch of batches(planned.hosts, options.batch)) {
    if ([...results.values()].some(({ status }) => status !== 'ok') && !context.check) break;
    await limit.map(batch, async (host) => {
      const begun = clock.now();
      const result = await applyHost({ ...context, play: planned.play, host, turns, pending: pending.get(host.name) });
      results.set(host.name, result);
      if (result.pending !== undefined) pending.set(host.name, result.pending);
      if (result.status === 'unreachable')
        emit({ type: 'host.unreachable', host: host.name, error: faultOf(result.error, { host: host.name }) });
      emit({
        type: 'host.end',
        host: host.name,
        play: options.name,
        status: result.status,
        durationMs: clock.now() - begun,
      });
    });
  }
  for (const host of planned.hosts)
    if (!results.has(host.name)) {
      results.set(host.name, {
        status: 'skipped',
        value: undefined,
        touched: false,
        error: undefined,
        pending: undefined,
      });
      emit({ type: 'host.end', host: host.name, play: options.name, status: 'skipped', durationMs: 0 });
    }
  emit({ type: 'play.end', play: options.name, ok: [...results.values()].every(({ status }) => status === 'ok') });
  return results;
}
