import './zod-without-eval.ts';
import { randomUUID } from 'node:crypto';
import { parseDuration } from '../../core/base/duration.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import type { OutputForm } from '../../render/choose.ts';
import { lockScopeOf } from '../../traffic/lock-scope.ts';
import { loadPlaybook } from '../load-playbook.ts';
import { runPlays } from '../run-plays.ts';
import { openSession, type SessionFlags } from '../session.ts';
import { parseExtraVars } from './extra-vars.ts';
import { playsOf } from './plays-of.ts';
import { type RollFlags, rollOptions } from './roll-options.ts';
import { withoutBalancers } from './without-balancers.ts';

export interface RunFlags extends SessionFlags, RollFlags {
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly limit?: string;
  readonly extraVars: readonly string[];
  readonly output?: OutputForm;
  readonly verbose?: boolean;
  /** How long a run that holds the lock of a host is waited for. */
  readonly lockWait: string;
}

/** `api7-orch run`. @returns the exit code */
export async function run(name: string, flags: RunFlags): Promise<number> {
  const extraVars = parseExtraVars(flags.extraVars);
  const { playbook, ...source } = await loadPlaybook(name);
  const inventory = await loadInventory(flags.inventory, { env: process.env, extraVars });
  const ready = playsOf(playbook, withoutBalancers(inventory, flags.withoutLb), extraVars);
  const within =
    flags.limit === undefined ? undefined : new Set(selectHosts(inventory, flags.limit).map((host) => host.name));
  const check = flags.check ?? false;
  const locks = {
    run: randomUUID(),
    verb: `run ${playbook.name}`,
    waitMs: parseDuration(flags.lockWait),
    scope: lockScopeOf(inventory, flags.withoutLb),
  };
  await using session = await openSession({
    inventory,
    hosts: [...(within ?? inventory.hosts.keys())],
    flags,
    safePoint: true,
    view: flags,
    ...(check ? {} : { record: playbook.name, locks }),
  });
  return await runPlays(
    session,
    { check, diff: flags.diff ?? false, ...rollOptions(inventory, flags, { ...session, run: locks.run }) },
    {
      title: playbook.name,
      ...source,
      cluster: inventory.cluster,
      plays: ready.plays,
      goOn: () => ready.goOn(process.argv.slice(2)),
      select: (pattern) => selectHosts(inventory, pattern).filter((host) => within?.has(host.name) ?? true),
    },
  );
}
