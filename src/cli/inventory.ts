import { addressWithPort } from '../core/base/address-text.ts';
import { safeJson } from '../core/base/safe-text.ts';
import { loadInventory, locateInventory } from '../inventory/load.ts';
import { inventoryJsonSchema } from '../inventory/schema/json-schema.ts';
import { selectHosts } from '../inventory/select.ts';
import { plainRows } from '../render/lines/table.ts';
import type { SshTarget } from '../transport/ssh/target.ts';
import { adviceFor } from './advice/inventory-advice.ts';
import { adviceLines } from './advice/lines.ts';
import { openSshConfig } from './connect.ts';
import { destinations } from './destinations.ts';
import { printLine } from './print/print-line.ts';
import type { ReadFlags } from './session.ts';

type InventoryFlags = Pick<ReadFlags, 'inventory' | 'output'>;

/** Read-only verbs run no `Match exec` of OpenSSH's configuration. */
const RUNS_NOTHING = { runsCommands: false };

/** `api7-orch inventory list`. */
export async function list(pattern: string, flags: InventoryFlags): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const hosts = selectHosts(inventory, pattern);
  if (flags.output === 'json') {
    process.stdout.write(`${safeJson(hosts, 2)}\n`);
    return 0;
  }
  const targets = await destinations(
    inventory,
    hosts.map(({ name }) => name),
    openSshConfig(RUNS_NOTHING),
  );
  const rows = hosts.map(({ name, address, zone, groups }) => [
    name,
    address,
    wayTo(targets.get(name)),
    zone ?? '-',
    groups.join(','),
  ]);
  for (const line of plainRows([['HOST', 'ADDRESS', 'SSH', 'ZONE', 'GROUPS'], ...rows]))
    printLine(process.stdout, line);
  return 0;
}

/** `ops@10.0.0.7:22 via ops@bastion:22`. */
function wayTo(target: SshTarget | undefined): string {
  if (target === undefined) return '-';
  const own = `${target.user}@${addressWithPort(target.address, target.port)}`;
  return target.jump === undefined ? own : `${own} via ${wayTo(target.jump)}`;
}

/**
 * `api7-orch inventory validate`. Loading validates: it reports each problem with its position. Also reports OpenSSH
 * settings that cannot be followed, and recommendations.
 */
export async function validate(flags: InventoryFlags): Promise<number> {
  const { inventory, positions } = await locateInventory(flags.inventory);
  const { file, cluster, hosts, groups } = inventory;
  await destinations(inventory, [...hosts.keys()], openSshConfig(RUNS_NOTHING));
  printLine(process.stdout, `${file}: valid: cluster "${cluster}", ${hosts.size} hosts, ${groups.size} groups`);
  for (const line of adviceLines(adviceFor(inventory), flags.inventory, positions)) printLine(process.stdout, line);
  return 0;
}

/** `api7-orch inventory schema`. */
export async function schema(): Promise<number> {
  process.stdout.write(`${safeJson(inventoryJsonSchema(), 2)}\n`);
  return 0;
}
