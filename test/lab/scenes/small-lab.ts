import { join } from 'node:path';
import { expect } from 'vitest';
import type { Lab } from '../lab.ts';
import type { LabSize } from '../plan/topology.ts';
import { type OrchOptions, type OrchRun, orch } from './orch.ts';
import { leases, notServing } from './rolling-scene.ts';
import { ownLab } from './test-lab.ts';

/** `install` with shorter timeouts of its gates. */
export const QUICK_INSTALL = join(import.meta.dirname, '../faults/impatient-install.ts');

/**
 * A lab of its own for one test file, with everything installed. It ends with this process.
 *
 * @example const lab = await installedLab('locks', { controlPlane: 1, dataPlane: 2, loadBalancers: 1 });
 */
export async function installedLab(name: string, size: LabSize): Promise<Lab> {
  const lab = await ownLab(`labs/${name}`, { size });
  try {
    await lab.reset();
    await expectSuccess(lab, quickRun(lab, QUICK_INSTALL));
    return lab;
  } catch (error) {
    await lab.down();
    throw error;
  }
}

export interface QuickRunOptions extends OrchOptions {
  /** Default: the lab's own. */
  readonly inventory?: string;
  /** More words of the command line. */
  readonly words?: readonly string[];
}

/** Runs a playbook without soaks. */
export const quickRun = (
  lab: Lab,
  playbook: string,
  { inventory = lab.inventory, words = [], ...options }: QuickRunOptions = {},
): Promise<OrchRun> => orch(['run', playbook, '-i', inventory, '-e', 'soak=0s', ...words], options);

/** Codes of the errors with which a run ended. */
export const codesOf = ({ end }: OrchRun): readonly string[] => (end?.errors ?? []).map(({ code }) => code);

/** The run succeeds, and leaves all gateways in service. */
export async function expectSuccess(lab: Lab, running: Promise<OrchRun>): Promise<void> {
  const { code, end } = await running;
  expect({ code, errors: end?.errors }).toEqual({ code: 0, errors: [] });
  expect({ out: await notServing(lab), leases: await leases(lab) }).toEqual({ out: [], leases: [] });
}

/** Hosts that are locked. */
export async function lockedHosts(lab: Lab): Promise<readonly string[]> {
  const { stdout } = await orch(['lock', 'show', '-i', lab.inventory]);
  const { hosts }: { hosts: readonly { host: string; lock: unknown }[] } = JSON.parse(stdout);
  return hosts.flatMap(({ host, lock }) => (lock === null ? [] : [host]));
}
