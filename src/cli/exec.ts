import pLimit from 'p-limit';
import { systemClock } from '../core/clock.ts';
import type { Command } from '../core/connection.ts';
import { parseDuration } from '../core/duration.ts';
import { isUnreachable, located, OrchError } from '../core/errors.ts';
import type { Emit, HostCounts } from '../core/event.ts';
import { faultOf } from '../core/fault.ts';
import { emitter } from '../engine/emit.ts';
import { Hosts } from '../engine/hosts.ts';
import { loadInventory } from '../inventory/load.ts';
import { selectHosts } from '../inventory/select.ts';
import { chooseRenderer, type OutputForm } from '../render/choose.ts';
import { askedPasswords, type PasswordFlags } from './asked-passwords.ts';
import { connectTo } from './connect.ts';
import { parseExtraVars } from './extra-vars.ts';
import { interruptSignal } from './interrupt.ts';
import { lineSplitter } from './line-splitter.ts';
import { newHostKeyNotice } from './new-host-key-notice.ts';
import { positiveInteger } from './positive-integer.ts';
import { terminalAsk } from './prompt.ts';

export interface ExecFlags extends PasswordFlags {
  readonly inventory: string;
  readonly become?: boolean;
  readonly forks: string;
  readonly timeout: string;
  readonly extraVars: readonly string[];
  readonly output?: OutputForm;
  readonly acceptNewHostKeys?: boolean;
}

interface Ended {
  readonly host: string;
  readonly code: number;
  readonly unreachable: boolean;
}

/** `api7-orch exec`: everywhere, even if one host fails. @returns 0, or the worst exit code; 3 when a host could not be reached */
export async function exec(pattern: string, words: readonly string[], flags: ExecFlags): Promise<number> {
  if (words.length === 0)
    throw new OrchError('USAGE', 'no command was given', {
      hint: `api7-orch exec ${pattern} -i ${flags.inventory} -- uptime`,
    });
  const inventory = await loadInventory(flags.inventory, {
    env: process.env,
    extraVars: parseExtraVars(flags.extraVars),
  });
  const targets = selectHosts(inventory, pattern);
  const timeoutMs = parseDuration(flags.timeout);
  const forks = pLimit(positiveInteger('--forks', flags.forks));
  // Before anything is painted or interrupted: Ctrl-C ends this process here.
  const passwords = await askedPasswords(flags, terminalAsk());
  const { stdout, stderr } = process;
  const renderer = chooseRenderer({
    stdout,
    stderr,
    verbose: false,
    diff: false,
    // Lines that stream by are no view to repaint.
    output: flags.output === 'json' ? 'json' : 'plain',
  });
  const emit = emitter(systemClock, [(event) => renderer.event(event)]);
  const interrupt = interruptSignal(stderr, { safePoint: false });
  const begun = systemClock.now();
  await using hosts = new Hosts(
    connectTo(inventory, {
      acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
      onNewHostKey: newHostKeyNotice(stderr),
      ask: terminalAsk({ signal: interrupt.signal, ...(renderer.hold === undefined ? {} : { hold: renderer.hold }) }),
      ...passwords,
      signal: interrupt.signal,
      become: flags.become ?? false,
    }),
    { signal: interrupt.signal },
  );
  try {
    emit({
      type: 'run.start',
      title: 'exec',
      cluster: inventory.cluster,
      check: false,
      hosts: targets.map(({ name }) => name),
    });
    const ended = await forks.map([...targets], ({ name }) =>
      execOn(hosts, name, commandOf(words), { timeoutMs, signal: interrupt.signal, emit }),
    );
    const exitCode = interrupt.signal.aborted ? 6 : Math.max(...ended.map(({ code }) => code));
    emit({
      type: 'run.end',
      outcome: interrupt.signal.aborted ? 'interrupted' : exitCode === 0 ? 'ok' : 'partial',
      exitCode,
      check: false,
      hosts: Object.fromEntries(ended.map((end) => [end.host, countsOf(end)])),
      errors: [],
      durationMs: systemClock.now() - begun,
    });
    return exitCode;
  } finally {
    interrupt.dispose();
    await renderer.close();
  }
}

/** One word is a line for the shell, as with ssh; several reach the program as they are. */
const commandOf = (words: readonly string[]): Command =>
  words.length === 1 && words[0] !== undefined ? { script: words[0] } : { argv: words };

async function execOn(
  hosts: Hosts,
  host: string,
  command: Command,
  { timeoutMs, signal, emit }: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly emit: Emit },
): Promise<Ended> {
  const begun = systemClock.now();
  const line = (stream: 'stdout' | 'stderr') =>
    lineSplitter((text) => emit({ type: 'exec.output', host, stream, line: text }));
  const lines = { stdout: line('stdout'), stderr: line('stderr') };
  try {
    const connection = await hosts.get(host);
    const result = await connection.run(command, {
      timeoutMs,
      signal,
      onOutput: (stream, text) => lines[stream].push(text),
    });
    lines.stdout.end();
    lines.stderr.end();
    emit({
      type: 'exec.end',
      host,
      code: result.code,
      ...(result.signal === null ? {} : { signal: result.signal }),
      durationMs: systemClock.now() - begun,
    });
    return { host, code: result.code ?? 128, unreachable: false };
  } catch (error) {
    lines.stdout.end();
    lines.stderr.end();
    const fault = located(error, { host });
    emit({ type: 'exec.end', host, code: null, error: faultOf(fault), durationMs: systemClock.now() - begun });
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
