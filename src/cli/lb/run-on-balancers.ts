import { typedLine } from '../../core/base/argv.ts';
import { defined } from '../../core/base/data.ts';
import type { Emit, RolledNode } from '../../core/event/event.ts';
import type { Plays } from '../../core/play/play.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { selectHosts } from '../../inventory/select.ts';
import type { OutputForm } from '../../render/choose.ts';
import { runPlays } from '../run-plays.ts';
import { type CliEnvironment, openSession, type SessionFlags } from '../session.ts';

/** Flags of the verbs that change balancers. */
export interface ChangeFlags extends SessionFlags {
  readonly output?: OutputForm;
  readonly verbose?: boolean;
}

export interface BalancerRun {
  readonly title: string;
  /** Its arguments, as an operator typed them. */
  readonly words: readonly string[];
  /** Names of the balancers' hosts. */
  readonly hosts: readonly string[];
  /** Leaves unreachable hosts out of the run, which is then partial. */
  readonly skipUnreachable: boolean;
  plays(say: (message: string, host?: string) => void): Plays;
  /** Results of the nodes; called once, at the end. */
  ends(failure: string | undefined): Readonly<Record<string, RolledNode>>;
}

/** Runs plays on the hosts of balancers, as `run` does with a playbook's. @returns the exit code */
export async function runOnBalancers(
  inventory: Inventory,
  flags: ChangeFlags,
  options: BalancerRun,
  environment: CliEnvironment = {},
): Promise<number> {
  await using session = await openSession({
    inventory,
    hosts: options.hosts,
    flags,
    safePoint: true,
    view: flags,
    record: options.title,
    environment,
  });
  const emit: Emit = (event) => {
    if (event.type === 'run.end') {
      const failure = event.exitCode === 0 ? undefined : (event.errors[0]?.message ?? event.outcome);
      const nodes = options.ends(failure);
      if (Object.keys(nodes).length > 0) session.emit({ type: 'roll.end', play: options.title, nodes });
    }
    session.emit(event);
  };
  return await runPlays(
    session,
    { emit, check: false, diff: false, rollFlags: { includeHeld: false, skipUnreachable: options.skipUnreachable } },
    {
      title: options.title,
      command: typedLine([...options.title.split(' '), ...options.words]),
      cluster: inventory.cluster,
      plays: () => options.plays((message, host) => emit({ type: 'warning', message, ...defined({ host }) })),
      select: (pattern) => selectHosts(inventory, pattern),
    },
  );
}
