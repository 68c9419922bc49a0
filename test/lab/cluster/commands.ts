import type { Lab } from '../lab.ts';
import { type OrchRun, orch } from '../scenes/orch.ts';

/** The lab of the file, for cases that are declared before it is up. */
export type LabOf = () => Lab;

/** Runs `install` with the lab's own inventory. @example await install(lab(), '--check') */
export function install(lab: Lab, ...more: readonly string[]): Promise<OrchRun> {
  return installWith(lab.inventory, ...more);
}

/** Runs `install` with another inventory. */
export function installWith(inventory: string, ...more: readonly string[]): Promise<OrchRun> {
  return orch(['run', 'install', '-i', inventory, ...more]);
}
