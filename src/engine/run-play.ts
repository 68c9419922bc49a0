import { errorInfoOf } from '../core/event/error-info.ts';
import type { Host } from '../core/host/host.ts';
import { batches, type Play } from '../core/play/play.ts';
import { applyHost } from './apply/apply-host.ts';
import type { HostResult } from './apply/host-result.ts';
import type { PlannedPlay } from './plan/validate.ts';
import { RollPreview } from './roll/preview-roll.ts';
import { Roll } from './roll/roll.ts';
import type { RollContext } from './roll/roll-context.ts';
import type { RunContext } from './roll/run-context.ts';
import { Slots } from './roll/slots.ts';

/** What all plays of a run share. */
export type PlayContext = RunContext & Pick<RollContext, 'ahead' | 'noteOnce' | 'refusal'>;

/** Runs one play batch by batch. After a failure no further batch starts, and no serving node is changed any more. */
export async function runPlay(
  context: PlayContext,
  { play, hosts }: PlannedPlay,
  lost: ReadonlySet<string>,
): Promise<ReadonlyMap<string, HostResult>> {
  const { emit, clock, check } = context;
  const results = new Map<string, HostResult>();
  const slots = new Slots(context.forks);
  const all = hosts.map(({ name }) => name);
  emit({ type: 'play.start', play: play.options.name, hosts: all.filter((name) => !lost.has(name)) });
  const known = new Map(hosts.map((host) => [host.name, host]));
  const rolling = {
    ...forPlay(context, play),
    slots,
    hostNamed: (name: string) => known.get(name) ?? placeholderHost(name),
  };
  const reached = hosts.filter(({ name }) => !lost.has(name));
  const names = reached.map(({ name }) => name);
  const gate = check ? new RollPreview(rolling, names) : new Roll(rolling, all, lost);
  const each = async (host: Host): Promise<void> => {
    await slots.take(host.name);
    const begun = clock.now();
    const result = await applyHost({ ...context, play, host, gate });
    slots.free(host.name);
    results.set(host.name, result);
    if (result.status === 'unreachable')
      emit({ type: 'host.unreachable', host: host.name, error: errorInfoOf(result.error, { host: host.name }) });
    emit({
      type: 'host.end',
      host: host.name,
      play: play.options.name,
      status: result.status,
      durationMs: clock.now() - begun,
    });
  };
  const running: Promise<void>[] = [];
  let failed = false;
  for (const batch of batches(reached, play.options.batch)) {
    if (failed && !check) {
      for (const { name } of batch) gate.leaveOut(name);
      continue;
    }
    running.push(...batch.map(each));
    // The next batch starts when each host of this one has ended or waits for its drain: batches do not decide who is
    // drained first.
    const passed = await Promise.all(batch.map(({ name }) => gate.passed(name)));
    failed ||= passed.includes(false);
  }
  await Promise.all(running);
  await gate.report();
  // A later recheck can find a finished node unhealthy.
  for (const [name, result] of results) {
    const error = result.status === 'ok' ? gate.failure(name) : undefined;
    if (error !== undefined) results.set(name, { ...result, status: 'failed', error });
  }
  for (const { name } of hosts)
    if (!results.has(name)) {
      results.set(name, { status: 'skipped', value: undefined, touched: false, disturbed: false, error: undefined });
      emit({ type: 'host.end', host: name, play: play.options.name, status: 'skipped', durationMs: 0 });
    }
  emit({ type: 'play.end', play: play.options.name, ok: [...results.values()].every(({ status }) => status === 'ok') });
  return results;
}

function forPlay(context: PlayContext, play: Play) {
  const { fleet } = context;
  const adopts = play.options.rolling?.adopts === true;
  return {
    ...context,
    play,
    ...(fleet === undefined ? {} : { fleet: (adopts ? fleet.adopting?.() : undefined) ?? fleet }),
  };
}

/** A pool member outside of the play: only its balancers are asked about it. */
const placeholderHost = (name: string): Host => ({ name, address: '', groups: [], vars: {} });
