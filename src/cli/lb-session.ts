import type { Clock } from '../core/clock.ts';
import { OrchError } from '../core/errors.ts';
import { type Connect, Hosts } from '../engine/hosts.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { askedPasswords, type PasswordFlags } from './asked-passwords.ts';
import { connectTo, openSshConfig } from './connect.ts';
import { destinations } from './destinations.ts';
import { interruptSignal } from './interrupt.ts';
import { newHostKeyNotice } from './new-host-key-notice.ts';
import { terminalAsk } from './prompt.ts';

/** Flags of every verb that looks at hosts and changes nothing. */
export interface LookFlags extends PasswordFlags {
  readonly inventory: string;
  readonly forks: string;
  readonly output?: 'table' | 'json';
  readonly acceptNewHostKeys?: boolean;
}

/** What a verb reaches beyond this process; tests bring their own. */
export interface Outside {
  readonly connect?: Connect;
  readonly stdout?: NodeJS.WriteStream;
  readonly clock?: Clock;
}

/**
 * Connects to hosts as they are needed while `work` looks, and lets go of them afterwards.
 *
 * @returns what `work` returns, or 6 when it was interrupted
 */
export async function looking(
  inventory: Inventory,
  names: readonly string[],
  { flags, connect }: { readonly flags: LookFlags; readonly connect?: Connect },
  work: (hosts: Hosts) => Promise<number>,
): Promise<number> {
  const interrupt = interruptSignal(process.stderr, { safePoint: false });
  try {
    await using hosts = new Hosts(connect ?? (await connector(inventory, names, flags, interrupt.signal)), {
      signal: interrupt.signal,
    });
    const { signal } = interrupt;
    const broken = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([work(hosts), broken]);
  } catch (error) {
    if (interrupt.signal.aborted) return 6;
    throw error;
  } finally {
    interrupt.dispose();
  }
}

async function connector(
  inventory: Inventory,
  names: readonly string[],
  flags: LookFlags,
  signal: AbortSignal,
): Promise<Connect> {
  const config = openSshConfig();
  await destinations(inventory, names, config);
  const passwords = await askedPasswords(flags, terminalAsk());
  return connectTo(inventory, {
    acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
    onNewHostKey: newHostKeyNotice(process.stderr),
    ask: terminalAsk({ signal }),
    ...passwords,
    config,
    signal,
  });
}

/** Columns to draw in: those of the terminal, else 100; a reason is worth no more than 160. */
export const widthOf = (stdout: NodeJS.WriteStream): number =>
  stdout.isTTY === true ? Math.min(160, Math.max(60, stdout.columns)) : 100;

/** @throws OrchError NO_POOLS */
export function refuseNoPools({ file }: Inventory, pattern: string): never {
  throw new OrchError('NO_POOLS', `no pool of ${file} has to do with "${pattern}"`, {
    hint: 'name members of its load_balancers, or hosts that these run on',
  });
}
