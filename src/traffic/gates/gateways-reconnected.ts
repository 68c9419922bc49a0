import { z } from 'zod';
import { hostPort } from '../../api7/services.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { duration } from '../../core/base/duration-param.ts';
import { OrchError, unlessSilent } from '../../core/base/errors.ts';
import { portNumber } from '../../core/base/port-number.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import type { Steps } from '../../core/task/task.ts';
import type { Inventory } from '../../inventory/inventory.ts';

/**
 * Gates: gateways seen connected to the control plane in this run are connected again. Each reports that at
 * `/status/ready`. All hosts of the run share `seen`, which begins empty: gates are also read before the first change.
 *
 * @throws OrchError NOT_RECONNECTED
 * @example yield* gatewaysReconnected(inventory, seen);
 */
export function* gatewaysReconnected({ hosts, gatewayGroups }: Inventory, seen: Set<string>): Steps {
  const gateways = [...gatewayGroups.values()].flatMap((group) =>
    group.hosts.flatMap((name) => {
      const address = hosts.get(name)?.address;
      return address === undefined ? [] : [{ name, address, port: hostPort(group.ports, 'status') }];
    }),
  );
  yield connectedAgain({ gateways, seen });
  if (gateways.length > 0) yield someSeen({ seen });
}

const gateway = z.strictObject({ name: z.string(), address: z.string(), port: portNumber });
const seen = z.custom<Set<string>>();

const params = z.strictObject({
  gateways: z.array(gateway).readonly(),
  seen,
  within: duration.prefault('60s'),
});

interface Connected {
  /** Number of gateways seen so far, and the ones not connected now. */
  readonly all: number;
  readonly missing: readonly string[];
}

/**
 * Read from the control-plane host. Gateways without a response from here are ignored: a firewall may allow their
 * status port to balancers only. Older versions do not report it.
 */
const connectedAgain = defineGate<typeof params, Connected>({
  kind: 'gatewaysReconnected',
  params,
  // The balancers must send gateways there first.
  inTraffic: true,
  title: () => 'gateways are connected to the control plane',
  patience: ({ within }) => ({ withinMs: within, everyMs: 1000, passes: 1 }),
  async look(p, host) {
    const ready = await Promise.all(p.gateways.map((one) => isReady(one, host)));
    const now = new Set(p.gateways.filter((_, i) => ready[i]).map(({ name }) => name));
    for (const name of now) p.seen.add(name);
    return { all: p.seen.size, missing: [...p.seen].filter((name) => !now.has(name)) };
  },
  met: (_p, { missing }) => missing.length === 0,
  unmet: ({ within }, { all, missing }) =>
    new OrchError(
      'NOT_RECONNECTED',
      `${missing.length} of ${all} gateways have not reconnected after ${formatDuration(within)}: ${missing.join(', ')}`,
      { hint: 'check in the logs of these gateways why they do not reach DP Manager' },
    ),
});

const someParams = z.strictObject({ seen });

/** Gate, one reading, that only warns: gateways that were never seen cannot be missed. */
const someSeen = defineGate<typeof someParams, number>({
  kind: 'gatewaysSeen',
  params: someParams,
  title: () => 'gateways report whether they are connected',
  onTimeout: 'warn',
  look: async (p) => p.seen.size,
  met: (_p, count) => count > 0,
  unmet: () =>
    new OrchError('GATE_UNMET', 'whether gateways are connected to the control plane is unknown: none reported it', {
      hint: 'let control-plane hosts reach the status port of the gateways',
    }),
});

const ANSWER_MS = 3000;

async function isReady({ address, port }: z.output<typeof gateway>, host: Reader): Promise<boolean> {
  const reply = await unlessSilent(host.httpGet({ address, port, path: '/status/ready', timeoutMs: ANSWER_MS }));
  return reply?.status === 200;
}
