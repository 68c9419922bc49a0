import { OrchError } from '../../core/base/errors.ts';
import type { Lease } from '../../core/host/balancer.ts';
import type { Connection } from '../../core/host/connection.ts';
import { ADMIN, type HaproxyServer, nameOf } from './state.ts';
import { agentOf, settingOf } from './view.ts';

const WORDS = { admin: /^(ready|drain|maint)$/, weight: /^\d{1,3}$/, agent: /^(on|off)$/ } as const;

/** Commands that bring servers to the wanted state; none for a server that is in it already. */
export function commandsFor(
  servers: readonly HaproxyServer[],
  to: 'drained' | 'closed' | Lease['before'],
): readonly string[] {
  return servers.flatMap((server) => {
    if (to === 'drained' || to === 'closed') return drainCommands(server, to);
    const before = to[nameOf(server)];
    return before === undefined ? [] : restoreCommands(server, before);
  });
}

export async function carryOut(host: Connection, socket: string, commands: readonly string[]): Promise<void> {
  for (const command of commands) await host.haproxyCommand(socket, command);
}

/** "drain" would end a server's maintenance, and an agent's next "ready" would end either state. */
function drainCommands(server: HaproxyServer, how: 'drained' | 'closed'): readonly string[] {
  const name = nameOf(server);
  const done = (server.admin & (how === 'drained' ? ADMIN.maint | ADMIN.drain : ADMIN.maint)) !== 0;
  return [
    ...(agentOf(server) === 'on' ? [`disable agent ${name}`] : []),
    ...(done ? [] : [`set server ${name} state ${how === 'drained' ? 'drain' : 'maint'}`]),
  ];
}

/** A server's setting with a part of its weight. Weights are whole numbers, so a weight of 1 cannot be divided. */
export function partOfWeight(
  before: Readonly<Record<string, string>>,
  percent: number,
): Readonly<Record<string, string>> | undefined {
  const weight = Number(before.weight);
  const part = Math.max(1, Math.round((weight * percent) / 100));
  return before.admin === 'ready' && part < weight ? { ...before, weight: String(part) } : undefined;
}

/**
 * The weight first, so that the server gets its share and no more at once. The agent last, because it may change the
 * state.
 */
function restoreCommands(server: HaproxyServer, before: Readonly<Record<string, string>>): readonly string[] {
  const name = nameOf(server);
  const now = settingOf(server);
  for (const [key, word] of Object.entries(WORDS))
    if (before[key] !== undefined && !word.test(before[key]))
      throw new OrchError(
        'LEASE_INVALID',
        `the lease of ${name} has ${key} "${before[key]}", which HAProxy does not know`,
        {
          hint: 'set the server to the state that you want, then remove the lease',
        },
      );
  const differs = (key: keyof typeof WORDS): boolean => before[key] !== undefined && before[key] !== now[key];
  return [
    ...(differs('weight') ? [`set server ${name} weight ${before.weight}`] : []),
    ...(differs('admin') ? [`set server ${name} state ${before.admin}`] : []),
    ...(differs('agent') && now.agent !== undefined
      ? [`${before.agent === 'on' ? 'enable' : 'disable'} agent ${name}`]
      : []),
  ];
}
