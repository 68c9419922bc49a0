import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestSshd } from './sshd.ts';

interface InventoryOptions {
  readonly identityFile?: string;
  /** More settings of `ssh`: `connect_timeout: 20s`. */
  readonly ssh?: string;
  readonly databasePassword?: string;
}

/**
 * Writes an inventory of hosts at a server: their addresses by name, with ports where they are others. @returns its file
 * @example sshdInventory(sshd, { h1: { address: '127.0.0.1' } })
 */
export function sshdInventory(
  sshd: TestSshd,
  hosts: Readonly<Record<string, { readonly address: string; readonly port?: number }>>,
  { identityFile = sshd.identityFile, ssh = '', databasePassword = 'p@ss' }: InventoryOptions = {},
): string {
  const file = join(sshd.directory, 'inventory.yaml');
  const rows = Object.entries(hosts).map(
    ([name, { address, port = sshd.port }]) => `  ${name}: { address: ${address}, port: ${port} }`,
  );
  writeFileSync(
    file,
    `cluster: test
ssh: { user: ${sshd.user}, identity_file: ${identityFile}, known_hosts: ${sshd.knownHosts}, become: none${ssh && `, ${ssh}`} }
hosts:
${rows.join('\n')}
api7:
  version: "3.10.5"
  database: { host: db, user: u, password: "${databasePassword}" }
  gateway: { endpoints: ["http://127.0.0.1:1"], token: a-token }
`,
  );
  return file;
}
