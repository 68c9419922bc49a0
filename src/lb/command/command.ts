import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import { redact } from '../../core/base/redact.ts';
import type { Balancer, BalancerView, Lease, Member } from '../../core/host/balancer.ts';
import { howItEnded, lastOutput } from '../../core/host/command-end.ts';
import type { Connection, Reader, RunOptions, RunResult } from '../../core/host/connection.ts';
import { commandsMissing } from '../commands-missing.ts';
import { type DeclaredChecks, declaredTiming } from '../declared-timing.ts';

/** Argument lists, run as root on the balancer's host, without a shell and without substitutions. */
export interface BalancerHooks {
  readonly status: readonly string[];
  readonly drain: readonly string[];
  readonly restore: readonly string[];
  readonly close?: readonly string[] | undefined;
  readonly counters?: readonly string[] | undefined;
}

export interface CommandDriverOptions {
  readonly pool: string;
  /** Inventory host on which the hooks run. */
  readonly host: string;
  readonly hooks: BalancerHooks;
  /** As declared in the inventory; else assumed. */
  readonly check?: DeclaredChecks;
}

const status = z.strictObject({
  servers: z.array(
    z.strictObject({
      name: z.string().min(1),
      state: z.enum(['up', 'starting', 'down', 'drained', 'maintenance']),
      sessions: z.int().min(0).nullable(),
      setting: z.record(z.string(), z.string()).default({}),
      sticky: z.boolean().default(false),
      sinceMs: z.number().min(0).exactOptional(),
      quietMs: z.number().min(0).exactOptional(),
      check: z.enum(['passed', 'failed', 'pending', 'none']).exactOptional(),
    }),
  ),
  epoch: z.string().default(''),
});

const total = z.int().min(0);
const counted = z.strictObject({
  requests: total,
  status4xx: total,
  status5xx: total,
  connectErrors: total,
  responseErrors: total,
  epoch: z.string().default(''),
});

/** A read must answer soon; a change may have to wait for a cloud API. */
const LOOK_MS = 30_000;
const CHANGE_MS = 120_000;

/**
 * A driver for any balancer, by the user's own commands. Each hook finds the member in API7_ORCH_POOL, API7_ORCH_NODE,
 * API7_ORCH_ADDRESS and API7_ORCH_PORT. `status` prints `{"servers":[{"name","state","sessions"}],"epoch"}`. `restore`
 * gets each server's previous `setting` on stdin, as JSON. All hooks must be safe to repeat.
 *
 * @throws OrchError LB_COMMAND_FAILED (exit code other than 0), LB_INVALID_REPLY (invalid output), LB_MEMBER_UNKNOWN
 * @example commandDriver({ pool: 'gateways', host: 'lb-1', hooks: { status: ['/opt/lb/status'], drain: ['/opt/lb/out'],
 *   restore: ['/opt/lb/in'] } })
 */
export function commandDriver({ pool, host: runsOn, hooks, check }: CommandDriverOptions): Balancer {
  const where = { pool, runsOn };
  const look = async <T extends z.ZodType>(host: Reader, hook: Hook, argv: readonly string[], member: Member, as: T) =>
    parsed(
      where,
      hook,
      as,
      succeeded(where, hook, await host.test({ argv }, hookOptions(pool, member, LOOK_MS))).stdout,
    );
  const view = async (host: Reader, member: Member): Promise<BalancerView> => {
    const seen = await look(host, 'status', hooks.status, member, status);
    if (seen.servers.length === 0) throw unknown(where, member);
    return seen;
  };

  return {
    name: `${pool} on ${runsOn}`,
    pool,
    host: runsOn,
    shows: { sessions: true, up: true, counters: hooks.counters !== undefined, reload: false },

    view,

    async set(host: Connection, member: Member, to: 'drained' | 'closed' | Lease['before']) {
      const [hook, argv, stdin] = change(where, hooks, to);
      // Refuses a member that the balancer does not know before any hook changes it.
      await view(host, member);
      const options = { ...hookOptions(pool, member, CHANGE_MS), stdin };
      succeeded(where, hook, await host.run({ argv }, options));
    },

    readOnly: (host) =>
      commandsMissing(
        host,
        Object.values(hooks).filter((argv) => argv !== undefined),
        { name: `${pool} on ${runsOn}`, field: `load_balancers.${pool}.hooks` },
      ),

    timing: async () => declaredTiming(check),

    async counters(host, member) {
      return hooks.counters === undefined ? null : look(host, 'counters', hooks.counters, member, counted);
    },
  };
}

type Hook = keyof BalancerHooks;
type Where = { readonly pool: string; readonly runsOn: string };

/** The empty input ends a hook that reads stdin. */
function change(
  { pool, runsOn }: Where,
  hooks: BalancerHooks,
  to: 'drained' | 'closed' | Lease['before'],
): readonly [hook: Hook, argv: readonly string[], stdin: string] {
  if (to === 'drained') return ['drain', hooks.drain, ''];
  if (to !== 'closed') return ['restore', hooks.restore, `${JSON.stringify(to)}\n`];
  if (hooks.close !== undefined) return ['close', hooks.close, ''];
  throw new OrchError('LB_CANNOT_CLOSE', `${pool} on ${runsOn} keeps sticky sessions, and no hook ends them`, {
    hint: `add a "close" hook to load_balancers.${pool} in the inventory`,
  });
}

const hookOptions = (pool: string, member: Member, timeoutMs: number): RunOptions => ({
  env: {
    API7_ORCH_POOL: pool,
    API7_ORCH_NODE: member.node,
    API7_ORCH_ADDRESS: member.address,
    API7_ORCH_PORT: String(member.port),
  },
  timeoutMs,
});

function succeeded({ pool, runsOn }: Where, hook: Hook, result: RunResult): RunResult {
  if (result.code === 0) return result;
  throw new OrchError('LB_COMMAND_FAILED', `${pool} on ${runsOn}: hook "${hook}" ${howItEnded(result)}`, {
    hint: `read its last lines; it is load_balancers.${pool}.hooks.${hook} of the inventory`,
    details: lastOutput(result),
  });
}

function parsed<T extends z.ZodType>({ pool, runsOn }: Where, hook: Hook, as: T, stdout: string): z.output<T> {
  const refused = (why: string) =>
    new OrchError('LB_INVALID_REPLY', `${pool} on ${runsOn}: hook "${hook}" printed invalid output: ${why}`, {
      hint: 'print the JSON described in docs/inventory.md#commands; print warnings to stderr',
      details: stdout.trim() === '' ? 'it printed nothing' : redact(stdout).slice(-2000),
    });
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  const result = as.safeParse(json);
  if (result.success) return result.data;
  throw refused(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

const unknown = ({ pool, runsOn }: Where, member: Member): OrchError =>
  new OrchError('LB_MEMBER_UNKNOWN', `${pool} on ${runsOn} knows no server ${member.address}:${member.port}`, {
    hint: `the "status" hook printed no server; add ${member.address}:${member.port} to the balancer, or correct load_balancers.${pool} in the inventory`,
  });
