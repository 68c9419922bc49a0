import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { faultyVersions } from '../build/stand-ins.ts';
import { inventoryWith } from '../config/inventory-with.ts';
import { type Lab, upLab } from '../lab.ts';
import { paths } from '../paths.ts';
import { balancerSampler, type OutOfService } from '../samplers/sampler.ts';
import { type OrchRun, orch, type RunMoment } from '../scenes/orch.ts';
import type { Case, FaultGroup } from './cases.ts';
import { kinds } from './kinds.ts';
import { type Answers, lightLoad } from './load.ts';

export interface Scene {
  readonly lab: Lab;
  /** Inventories for installs, by version of the gateways. */
  readonly installs: Readonly<Record<string, string>>;
  /** The inventory for restarts: it notices within seconds that a host drops packets. */
  readonly restarts: string;
}

/** The version of the gateways when a case begins. */
export const usualVersion = '3.10.5';

const own = process.env.API7_ORCH_LAB;

/**
 * Three gateways with three endpoints, behind two balancers. With the variable API7_ORCH_LAB it is the lab of that directory,
 * which is kept.
 */
export async function faultScene(group: FaultGroup): Promise<Scene> {
  const lab = await upLab({
    directory: own ?? join(paths.cache, `labs/faults-${group}`),
    owned: own === undefined,
    size: { controlPlane: 1, dataPlane: 3, loadBalancers: 2 },
    balancer: 'haproxy',
    version: usualVersion,
    note: (line) => process.stderr.write(`lab: ${line}\n`),
  });
  await lab.reset();
  const direct = `, "http://${lab.host('cp-1').address}:17900"`;
  const tuned = (text: string) =>
    text
      .replace(/(endpoints: \[[^\]]*)\]/, `$1${direct}]`)
      // No request of these clients takes longer, and no drain of an unreachable node need wait for one.
      .replaceAll(/(members: data_plane, port: \d+)/g, '$1, longest_request: 12s');
  const installs: Record<string, string> = {};
  for (const version of [usualVersion, '3.10.6', ...Object.keys(faultyVersions)])
    installs[version] = await inventoryWith(lab, `install-${version}`, (text) =>
      tuned(text).replaceAll(usualVersion, version),
    );
  // Not for installs: on a busy machine a host that receives packages may leave a keepalive unanswered for so long.
  await writeFile(join(lab.directory, 'ssh_alive'), 'ServerAliveInterval 1\nServerAliveCountMax 4\n');
  const restarts = await inventoryWith(lab, 'restart', (text) =>
    tuned(text).replace('config: none', 'config: ssh_alive\n  connect_timeout: 5s'),
  );
  const installed = await orch(['run', 'install', '-i', installs[usualVersion] ?? '']);
  expect({ code: installed.code, errors: installed.end?.errors }).toEqual({ code: 0, errors: [] });
  return { lab, installs, restarts };
}

export const leaveScene = async ({ lab }: Scene): Promise<void> => {
  if (own === undefined) await lab.down();
};

export interface SampledRun {
  readonly run: OrchRun;
  readonly load: Answers;
  /** Gateways that were out of service; a row for each balancer and backend. */
  readonly out: readonly OutOfService[];
}

/** A run under client load, sampled at the balancers' own sockets. `silentMs`: the timeout of the clients. */
export async function sampledRun(
  lab: Lab,
  args: readonly string[],
  {
    onEvent,
    silentMs,
  }: { onEvent?: (event: RunMoment, send: (signal: NodeJS.Signals) => void) => void; silentMs?: number } = {},
): Promise<SampledRun> {
  const sampler = await balancerSampler(lab);
  const clients = lightLoad(lab, silentMs);
  try {
    const run = await orch(args, onEvent ? { onEvent } : {});
    return { run, out: await sampler.stop(), load: await clients.stop() };
  } finally {
    await clients.stop();
  }
}

/** Strikes once, at the moment of the case: the run is stopped meanwhile, so that the moment is exact. */
export class Striker {
  readonly #lab: Lab;
  readonly #case: Case;
  #struck: Promise<void> | undefined;
  #lasting: Promise<void> | undefined;
  #slow: Promise<number> | undefined;

  constructor(lab: Lab, at: Case) {
    this.#lab = lab;
    this.#case = at;
  }

  get hasStruck(): boolean {
    return this.#struck !== undefined;
  }

  async before(): Promise<void> {
    if (this.#case.moment !== 'before') return;
    this.#struck = this.#strike();
    await this.#struck;
  }

  readonly onEvent = (event: RunMoment, send: (signal: NodeJS.Signals) => void): void => {
    const { moment, fault, victim } = this.#case;
    if (event.type !== 'roll.step') return;
    const begins = (step: string) => event.step === step && event.status === 'begun';
    // Otherwise it would be over before the fault.
    if (moment === 'waitIdle' && begins('drain') && event.host === victim) this.#slow ??= this.#request();
    const isNow =
      moment === 'recheck'
        ? begins('recheck')
        : event.host === victim &&
          (moment === 'apply' ? event.step === 'waitIdle' && event.status === 'ok' : begins(moment));
    if (!isNow || this.#struck !== undefined) return;
    const { signal } = kinds[fault];
    if (signal !== undefined) {
      send(signal);
      this.#struck = Promise.resolve();
      return;
    }
    send('SIGSTOP');
    this.#struck = this.#strike().finally(() => send('SIGCONT'));
  };

  /** Waits until all requests have ended; the status of the request that kept the victim busy. */
  async over(): Promise<number | undefined> {
    await this.#struck;
    await this.#lasting;
    return await this.#slow;
  }

  async #strike(): Promise<void> {
    const begun = await kinds[this.#case.fault].strike?.(this.#lab, this.#case);
    this.#lasting = begun?.lasting;
  }

  /** Bypasses the balancers, from a host that they do not have: only the node itself can show that it is busy. */
  async #request(): Promise<number> {
    const url = `http://${this.#lab.host(this.#case.victim).address}:9080/slow?s=4`;
    const asked = this.#lab.exec('db-1', `curl -s -m 15 -o /dev/null -w '%{http_code}' ${url}`);
    return Number((await Promise.race([asked, sleep(20_000).then(() => ({ out: '0' }))])).out);
  }
}
