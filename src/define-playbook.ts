import type { z } from 'zod';
import type { Playbook } from './core/play/playbook.ts';
import type { Inventory } from './inventory/inventory.ts';

/**
 * Declares a playbook, the default export of its file. `vars` are the variables that `-e key=value` may set, checked
 * before anything runs.
 *
 * @example export default definePlaybook({ name: 'motd', description: 'Greet.', *plays() { yield* play({ … }); } });
 */
export const definePlaybook = <P extends z.ZodType = z.ZodType<Record<string, never>>>(
  playbook: Playbook<P, Inventory>,
): Playbook<P, Inventory> => playbook;
