import { type Clock, systemClock } from '../core/clock.ts';
import type { Emit, RolledNode } from '../core/event.ts';
import type { Plays } from '../core/play.ts';
import { cacheDirectory } from '../engine/cache-directory.ts';
import { emitter } from '../engine/emit.ts';
import { factCache } from '../engine/fact-cache.ts';
import { Hosts } from '../engine/hosts.ts';
import { localFiles } from '../engine/local-files.ts';
import { Locals } from '../engine/locals.ts';
import { type RunReport, runPlaybook } from '../engine/run-playbook.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { selectHosts } from '../inventory/select.ts';
import { journalDirectory, openJournal } from '../journal/journal.ts';
import { chooseRenderer, type OutputForm } from '../render/choose.ts';
import { askedPasswords, type PasswordFlags } from './asked-passwords.ts';
import { connectTo, openSshConfig } from './connect.ts';
import { destinations } from './destinations.ts';
import { interruptSignal } from './interrupt.ts';
import type { Outside } from './lb-session.ts';
import { newHostKeyNotice } from './new-host-key-notice.ts';
import { positiveInteger } from './positive-integer.ts';
import { terminalAsk } from './prompt.ts';

/** Flags of the verbs that tell balancers something. */
export interface TellFlags extends PasswordFlags {
  readonly inventory: string;
  readonly forks: string;
  readonly output?: OutputForm;
  readonly verbose?: boolean;
  readonly acceptNewHostKeys?: boolean;
}

export interface Told {
  readonly title: string;
  /** Names of the balancers' hosts. */
  readonly hosts: readonly string[];
  /** Hosts that cannot be reached are left out of the run, and make it partial. */
  readonly skipUnreachable: boolean;
  plays(say: (message: string, host?: string) => void): Plays;
  /** How the nodes came out of it; asked once, at the end. */
  ends(failure: string | undefined): Readonly<Record<string, RolledNode>>;
}

/** Carries out plays on the hosts of balancers as `run` carries out a playbook's. @returns the exit code */
export async function tell(
  inventory: Inventory,
  flags: TellFlags,
  told: Told,
  { connect, stdout = process.stdout, clock = systemClock }: Outside = {},
): Promise<number> {
  const forks = positiveInteger('--forks', flags.forks);
  const config = openSshConfig();
  if (connect === undefined) await destinations(inventory, told.hosts, config);
  // Before anything is painted or interrupted: Ctrl-C ends this process here.
  const passwords = await askedPasswords(flags, terminalAsk());
  const { stderr } = process;
  const form = flags.output === undefined ? {} : { output: flags.output };
  const renderer = chooseRenderer({ stdout, stderr, verbose: flags.verbose ?? false, diff: false, ...form });
  using journal = openJournal(journalDirectory(), {
    title: told.title,
    onFault: (text) => void stderr.write(`warning: ${text}\n`),
  });
  const interrupt = interruptSignal(stderr);
  const { signal, urgent } = interrupt;
  const ask = terminalAsk({ signal: urgent, ...(renderer.hold === undefined ? {} : { hold: renderer.hold }) });
  const reach =
    connect ??
    connectTo(inventory, {
      acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
      onNewHostKey: newHostKeyNotice(stderr),
      ask,
      ...passwords,
      config,
      signal: urgent,
    });
  await using hosts = new Hosts(reach, { signal: urgent });
  const emit = emitter(clock, [(event) => journal.event(event), (event) => renderer.event(event)]);
  try {
    const report = await carryOut(inventory, { hosts, forks, emit, clock, signal, urgent }, told);
    return report.exitCode;
  } finally {
    interrupt.dispose();
    await renderer.close();
  }
}

interface Means {
  readonly hosts: Hosts;
  readonly forks: number;
  readonly emit: Emit;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly urgent: AbortSignal;
}

function carryOut(inventory: Inventory, means: Means, told: Told): Promise<RunReport> {
  const emit: Emit = (event) => {
    if (event.type === 'run.end') {
      const failure = event.exitCode === 0 ? undefined : (event.errors[0]?.message ?? event.outcome);
      const nodes = told.ends(failure);
      if (Object.keys(nodes).length > 0) means.emit({ type: 'roll.end', play: told.title, nodes });
    }
    means.emit(event);
  };
  return runPlaybook(
    {
      ...means,
      emit,
      locals: new Locals(localFiles(factCache(cacheDirectory()))),
      check: false,
      diff: false,
      rollFlags: { includeHeld: false, skipUnreachable: told.skipUnreachable },
    },
    {
      title: told.title,
      cluster: inventory.cluster,
      plays: () =>
        told.plays((message, host) => emit({ type: 'warning', message, ...(host === undefined ? {} : { host }) })),
      select: (pattern) => selectHosts(inventory, pattern),
    },
  );
}
