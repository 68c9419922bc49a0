import { inventoryJsonSchema } from '../inventory/json-schema.ts';
import { loadInventory } from '../inventory/load.ts';
import { selectHosts } from '../inventory/select.ts';

interface InventoryFlags {
  readonly inventory: string;
  readonly json?: boolean;
}

const load = (flags: InventoryFlags) => loadInventory(flags.inventory, { env: process.env, extraVars: {} });

/** `api7-orch inventory list`. */
export async function list(pattern: string, flags: InventoryFlags): Promise<number> {
  const hosts = selectHosts(await load(flags), pattern);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(hosts, null, 2)}\n`);
    return 0;
  }
  const rows = hosts.map(({ name, address, ssh, zone, groups }) => [
    name,
    address,
    `${ssh.user}@${ssh.address}:${ssh.port}`,
    zone ?? '-',
    groups.join(','),
  ]);
  const table = [['HOST', 'ADDRESS', 'SSH', 'ZONE', 'GROUPS'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table)
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  return 0;
}

/** `api7-orch inventory validate`. Loading is validating: it reports every problem with its place. */
export async function validate(flags: InventoryFlags): Promise<number> {
  const { file, cluster, hosts, groups } = await load(flags);
  process.stdout.write(`${file}: valid: cluster "${cluster}", ${hosts.size} hosts, ${groups.size} groups\n`);
  return 0;
}

/** `api7-orch inventory schema`. */
export async function schema(): Promise<number> {
  process.stdout.write(`${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`);
  return 0;
}
