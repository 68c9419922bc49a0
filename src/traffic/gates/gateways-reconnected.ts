import { z } from 'zod';
import { hostPort } from '../../api7/services.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { duration } from '../../core/base/duration-param.ts';
import { isNoResponse, OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import type { Steps } from '../../core/task/task.ts';
import type { Inventory } from '../../inventory/inventory.ts';

/**
 * Gates: gateways that were seen connected to the control plane in this run are so again. Each says at `/status/ready` whether it
 * reaches it. `seen` is shared by all hosts of the run, and begins empty: gates are looked at before the first change, too.
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

const gateway = z.strictObject({ name: z.string(), address: z.string(), port: z.int().min(1).max(65_535) });
const seen = z.custom<Set<string>>();

const params = z.strictObject({
  gateways: z.array(gateway).readonly(),
  seen,
  within: duration.prefault('60s'),
});

interface Connected {
  /** How many were seen so far, and which of these are not connected now. */
  readonly all: number;
  readonly missing: readonly string[];
}

/**
 * Asked from the control-plane host. Gateways that do not answer from here say nothing: a firewall may keep their status port for
 * balancers. Older versions do not tell.
 */
const connectedAgain = defineGate<typeof params, Connected>({
  kind: 'gatewaysReconnected',
  params,
  // The balancers must send them there first.
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

/** A gate, one look, that only warns: what was never seen cannot be seen again. */
const someSeen = defineGate<typeof someParams, number>({
  kind: 'gatewaysSeen',
  params: someParams,
  title: () => 'gateways tell whether they are connected',
  onTimeout: 'warn',
  look: async (p) => p.seen.size,
  met: (_p, count) => count > 0,
  unmet: () =>
    new OrchError('GATE_UNMET', 'whether gateways are connected to the control plane is unknown: none said so', {
      hint: 'let control-plane hosts reach the status port of the gateways',
    }),
});

const ANSWER_MS = 3000;

async function isReady({ address, port }: z.output<typeof gateway>, host: Reader): Promise<boolean> {
  try {
    const { status } = await host.httpGet({ address, port, path: '/status/ready', timeoutMs: ANSWER_MS });
    return status === 200;
  } catch (error) {
    if (!isNoResponse(error)) throw error;
    return false;
  }
}
