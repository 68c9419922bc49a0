import './zod-without-eval.ts';
import { systemClock } from '../core/clock.ts';
import { cacheDirectory } from '../engine/cache-directory.ts';
import { emitter } from '../engine/emit.ts';
import { factCache } from '../engine/fact-cache.ts';
import { Hosts } from '../engine/hosts.ts';
import { localFiles } from '../engine/local-files.ts';
import { Locals } from '../engine/locals.ts';
import { runPlaybook } from '../engine/run-playbook.ts';
import { loadInventory } from '../inventory/load.ts';
import { selectHosts } from '../inventory/select.ts';
import { journalDirectory, openJournal } from '../journal/journal.ts';
import { chooseRenderer, type OutputForm } from '../render/choose.ts';
import { askedPasswords, type PasswordFlags } from './asked-passwords.ts';
import { connectTo, openSshConfig } from './connect.ts';
import { destinations } from './destinations.ts';
import { parseExtraVars } from './extra-vars.ts';
import { interruptSignal } from './interrupt.ts';
import { loadPlaybook } from './load-playbook.ts';
import { newHostKeyNotice } from './new-host-key-notice.ts';
import { playsOf } from './plays-of.ts';
import { positiveInteger } from './positive-integer.ts';
import { terminalAsk } from './prompt.ts';
import { type RollFlags, rollOptions } from './roll-options.ts';
import { withoutBalancers } from './without-balancers.ts';

export interface RunFlags extends PasswordFlags, RollFlags {
  readonly inventory: string;
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly limit?: string;
  readonly forks: string;
  readonly extraVars: readonly string[];
  readonly output?: OutputForm;
  readonly verbose?: boolean;
  readonly acceptNewHostKeys?: boolean;
}

/** `api7-orch run`. @returns the exit code */
export async function run(name: string, flags: RunFlags): Promise<number> {
  const extraVars = parseExtraVars(flags.extraVars);
  const forks = positiveInteger('--forks', flags.forks);
  const playbook = await loadPlaybook(name);
  const inventory = await loadInventory(flags.inventory, { env: process.env, extraVars });
  const ready = playsOf(playbook, withoutBalancers(inventory, flags.withoutLb), extraVars);
  const within =
    flags.limit === undefined ? undefined : new Set(selectHosts(inventory, flags.limit).map((host) => host.name));

  const config = openSshConfig();
  await destinations(inventory, [...(within ?? inventory.hosts.keys())], config);
  // Before anything is painted or interrupted: Ctrl-C ends this process here.
  const passwords = await askedPasswords(flags, terminalAsk());
  const { stdout, stderr } = process;
  const renderer = chooseRenderer({
    stdout,
    stderr,
    verbose: flags.verbose ?? false,
    diff: flags.diff ?? false,
    ...(flags.output === undefined ? {} : { output: flags.output }),
  });
  using journal =
    flags.check === true
      ? undefined
      : openJournal(journalDirectory(), {
          title: playbook.name,
          onFault: (text) => void stderr.write(`warning: ${text}\n`),
        });
  const interrupt = interruptSignal(stderr);
  const hold = renderer.hold === undefined ? {} : { hold: renderer.hold };
  const ask = terminalAsk({ signal: interrupt.urgent, ...hold });
  await using hosts = new Hosts(
    connectTo(inventory, {
      acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
      onNewHostKey: newHostKeyNotice(stderr),
      ask,
      ...passwords,
      config,
      signal: interrupt.urgent,
    }),
    { signal: interrupt.urgent },
  );
  try {
    const report = await runPlaybook(
      {
        hosts,
        locals: new Locals(localFiles(factCache(cacheDirectory()))),
        clock: systemClock,
        emit: emitter(systemClock, [(event) => journal?.event(event), (event) => renderer.event(event)]),
        check: flags.check ?? false,
        diff: flags.diff ?? false,
        forks,
        signal: interrupt.signal,
        urgent: interrupt.urgent,
        ...rollOptions(inventory, flags, hosts, ask),
      },
      {
        title: playbook.name,
        cluster: inventory.cluster,
        plays: ready.plays,
        goOn: () => ready.goOn(process.argv.slice(2)),
        select: (pattern) => selectHosts(inventory, pattern).filter((host) => within?.has(host.name) ?? true),
      },
    );
    return report.exitCode;
  } finally {
    interrupt.dispose();
    await renderer.close();
  }
}
