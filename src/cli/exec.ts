import pLimit from 'p-limit';
import { parseDuration } from '../core/base/duration.ts';
import { isUnreachable, located, OrchError } from '../core/base/errors.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { HostCounts } from '../core/event/event.ts';
import { EXIT_CODES } from '../core/event/exit-codes.ts';
import type { Command } from '../core/host/connection.ts';
import { loadInventory } from '../inventory/load.ts';
import { selectHosts } from '../inventory/select.ts';
import type { OutputForm } from '../render/choose.ts';
import { lineSplitter } from './line-splitter.ts';
import { parseExtraVars } from './run/extra-vars.ts';
import { endedBy, openSession, type Session, type SessionFlags } from './session.ts';

export interface ExecFlags extends SessionFlags {
  readonly become?: boolean;
  readonly timeout: string;
  readonly extraVars: readonly string[];
  readonly output?: OutputForm;
}

interface Ended {
  readonly host: string;
  readonly code: number;
  readonly unreachable: boolean;
}

/**
 * `api7-orch exec`: on all hosts, even if one fails. @returns 0, or the highest exit code; 3 when a host could not be
 * reached
 */
export async function exec(pattern: string, words: readonly string[], flags: ExecFlags): Promise<number> {
  if (words.length === 0)
    throw new OrchError('USAGE', 'no command was given', {
      hint: `api7-orch exec ${pattern} -i ${flags.inventory} -- uptime`,
    });
  const inventory = await loadInventory(flags.inventory, { extraVars: parseExtraVars(flags.extraVars) });
  const targets = selectHosts(inventory, pattern);
  const timeoutMs = parseDuration(flags.timeout);
  await using session = await openSession({
    inventory,
    // A host without a usable route fails alone.
    hosts: [],
    flags,
    safePoint: false,
    // Streamed lines need no live view.
    view: { output: flags.output === 'json' ? 'json' : 'plain' },
    become: flags.become ?? false,
  });
  const { emit, clock, signal } = session;
  const limit = pLimit(session.forks);
  const begun = clock.now();
  emit({
    type: 'run.start',
    title: 'exec',
    cluster: inventory.cluster,
    check: false,
    hosts: targets.map(({ name }) => name),
  });
  const ended = await limit.map([...targets], ({ name }) => execOn(session, name, commandOf(words), timeoutMs));
  const exitCode = signal.aborted ? endedBy(signal) : Math.max(...ended.map(({ code }) => code));
  emit({
    type: 'run.end',
    outcome: signal.aborted
      ? exitCode === EXIT_CODES.internal
        ? 'internal'
        : 'interrupted'
      : exitCode === 0
        ? 'ok'
        : 'partial',
    exitCode,
    check: false,
    hosts: Object.fromEntries(ended.map((end) => [end.host, countsOf(end)])),
    errors: exitCode === EXIT_CODES.internal ? [errorInfoOf(signal.reason)] : [],
    durationMs: clock.now() - begun,
  });
  return exitCode;
}

/** One word is a line for the shell, as with ssh; several reach the program unchanged. */
const commandOf = (words: readonly string[]): Command =>
  words.length === 1 && words[0] !== undefined ? { script: words[0] } : { argv: words };

async function execOn(
  { hosts, clock, signal, emit, ready }: Session,
  host: string,
  command: Command,
  timeoutMs: number,
): Promise<Ended> {
  const begun = clock.now();
  const line = (stream: 'stdout' | 'stderr') =>
    lineSplitter((text) => emit({ type: 'exec.output', host, stream, line: text }));
  const lines = { stdout: line('stdout'), stderr: line('stderr') };
  try {
    const connection = await hosts.get(host);
    const result = await connection.run(command, {
      timeoutMs,
      signal,
      // A reader slower than the host slows the host down, instead of filling memory.
      onOutput: (stream, text) => {
        lines[stream].push(text);
        return ready();
      },
    });
    lines.stdout.end();
    lines.stderr.end();
    emit({
      type: 'exec.end',
      host,
      code: result.code,
      ...(result.signal === null ? {} : { signal: result.signal }),
      durationMs: clock.now() - begun,
    });
    return { host, code: result.code ?? 128, unreachable: false };
  } catch (error) {
    lines.stdout.end();
    lines.stderr.end();
    const fault = located(error, { host });
    emit({ type: 'exec.end', host, code: null, error: errorInfoOf(fault), durationMs: clock.now() - begun });
    return { host, code: 3, unreachable: isUnreachable(fault) };
  }
}

const countsOf = ({ code, unreachable }: Ended): HostCounts => ({
  ok: code === 0 ? 1 : 0,
  changed: 0,
  failed: code !== 0 && !unreachable ? 1 : 0,
  skipped: 0,
  unknown: 0,
  unreachable: unreachable ? 1 : 0,
});
