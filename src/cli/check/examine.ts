import pLimit from 'p-limit';
import { takenOver } from '../../adopt/find-running.ts';
import { certificateChecks } from '../../api7/checks/certificates.ts';
import type { Check } from '../../api7/checks/check.ts';
import { hostChecks } from '../../api7/checks/host-checks.ts';
import { certificatesOf } from '../../api7/checks/inventory-certificates.ts';
import { servicesOn } from '../../api7/services.ts';
import { defined } from '../../core/base/data.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { redactError } from '../../core/event/redact-event.ts';
import type { Facts, Reader } from '../../core/host/connection.ts';
import type { Inventory, InventoryHost } from '../../inventory/inventory.ts';
import { adoptionChecks } from '../../programs/adoption.ts';
import type { Adopting } from '../../programs/container-of.ts';
import { balancerChecks } from '../../traffic/balancer-checks.ts';
import type { Connections } from '../../traffic/pool-snapshot.ts';
import { clockFindings } from './clocks.ts';
import type { CheckedHost, CheckOutcome, CheckResult } from './report.ts';

interface Examination {
  readonly hosts: Connections;
  readonly forks: number;
  readonly now: Date;
  /** Before a run that takes containers over. */
  readonly adopting?: Adopting | undefined;
}

/** Checks these hosts, each in one batch, and the inventory's own files. Never throws: errors become findings. */
export async function examine(
  inventory: Inventory,
  targets: readonly InventoryHost[],
  { hosts, forks, now, adopting }: Examination,
): Promise<readonly CheckedHost[]> {
  const seen = await pLimit(forks).map([...targets], (host) => examineHost(inventory, host, { hosts, adopting }));
  const skews = seen.flatMap(({ host, facts }) => (facts === undefined ? [] : [[host, facts.clockSkewMs] as const]));
  const clocks = clockFindings(new Map(skews));
  const checked = seen.map(({ host, facts, checks }): CheckedHost => {
    if (facts === undefined) return { host, checks };
    const { os, kernel, arch, clockSkewMs } = facts;
    const clock = resultOf('clock', 'failed', errorIn(clocks.hosts.get(host)), host);
    return { host, facts: { os, kernel, arch, clockSkewMs }, checks: [...checks, clock] };
  });
  return [
    { host: 'inventory', checks: [...inventoryResults(inventory, now), ...hereResults(clocks.here)] },
    ...checked,
  ];
}

const errorIn = (error: unknown): ErrorInfo | undefined => (error === undefined ? undefined : errorInfoOf(error));

const hereResults = (error: unknown): readonly CheckResult[] => [resultOf('clock', 'warning', errorIn(error))];

const inventoryResults = (inventory: Inventory, now: Date): readonly CheckResult[] =>
  certificatesOf(inventory)
    .flatMap((files) => certificateChecks(files, now))
    .map(({ name, error, warns }) => resultOf(name, warns === true ? 'warning' : 'failed', errorIn(error)));

interface Examined {
  readonly host: string;
  readonly facts?: Facts;
  readonly checks: readonly CheckResult[];
}

async function examineHost(
  inventory: Inventory,
  target: InventoryHost,
  { hosts, adopting }: Pick<Examination, 'hosts' | 'adopting'>,
): Promise<Examined> {
  const { name: host } = target;
  const services = servicesOn(inventory, target).map(({ name }) => name);
  const checks = [
    ...hostChecks(inventory, target, takenOver(services, adopting !== undefined)),
    ...adoptionChecks(inventory, target, adopting),
    ...balancerChecks(inventory, host),
  ];
  try {
    const reader: Reader = await hosts.get(host);
    // All in one tick, so that they travel together.
    const [facts, ...results] = await Promise.all([
      reader.facts(),
      ...checks.map((check) => resultOfCheck(check, reader)),
    ]);
    return { host, facts, checks: [...reached(), ...eachErrorOnce(results)] };
  } catch (error) {
    return { host, checks: [...notReached(errorInfoOf(error, { host })), ...checks.map(skipped)] };
  }
}

const reached = (): readonly CheckResult[] => [
  { check: 'ssh', result: 'ok' },
  { check: 'sudo', result: 'ok' },
];

/** sudo runs only after sshd has accepted the login. */
function notReached(error: ErrorInfo): readonly CheckResult[] {
  if (error.code.startsWith('CONNECT_SUDO'))
    return [{ check: 'ssh', result: 'ok' }, resultOf('sudo', 'failed', error, error.host)];
  if (error.code === 'FACTS_UNREADABLE') return [...reached(), resultOf('facts', 'failed', error, error.host)];
  return [resultOf('ssh', 'failed', error, error.host), { check: 'sudo', result: 'notShown' }];
}

const skipped = ({ name }: Check): CheckResult => ({ check: name, result: 'notShown' });

/** Errors that only mean that the question could not be asked. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['DATABASE_NOT_SHOWN']);

async function resultOfCheck({ name, gate }: Check, host: Reader): Promise<CheckResult> {
  const { bound } = gate;
  try {
    const state = await bound.read(host, undefined);
    // The result text of a met gate.
    if (state !== null && bound.result(state) === '') return { check: name, result: 'ok' };
    return resultOf(
      name,
      bound.onTimeout === 'warn' ? 'warning' : 'failed',
      errorInfoOf(bound.unmet(state)),
      host.name,
    );
  } catch (error) {
    return resultOf(name, 'failed', errorInfoOf(error, { host: host.name }), host.name);
  }
}

/** One result; without an error it is ok. The host's name is in the heading. */
function resultOf(check: string, result: CheckOutcome, error: ErrorInfo | undefined, host?: string): CheckResult {
  if (error === undefined) return { check, result: 'ok' };
  const { code, message, hint, details } = redactError(error);
  return {
    check,
    result: NOT_SHOWN.has(code) ? 'notShown' : result,
    code,
    message: host !== undefined && message.startsWith(`${host}: `) ? message.slice(host.length + 2) : message,
    // Of the others they are replies of programs, which the message sums up.
    ...defined({ hint, details: code.startsWith('ADOPTION_') ? details : undefined }),
  };
}

/** An Engine or a balancer without a response fails each of its checks: only the first one is listed. */
function eachErrorOnce(results: readonly CheckResult[]): readonly CheckResult[] {
  const shown = new Set<string>();
  return results.map((one) => {
    const { check, result, code, message } = one;
    if (code === undefined || message === undefined) return { check, result };
    const key = `${code} ${message}`;
    if (shown.has(key)) return { check, result: 'notShown', code };
    shown.add(key);
    return one;
  });
}
