import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { LabFile } from './lab-file.ts';
import { packagePath } from './packages.ts';
import { type HostName, hostNames, hostsOf, type Role } from './topology.ts';

const zones: Partial<Record<HostName, string>> = {
  'cp-1': 'a',
  'cp-2': 'b',
  'gw-1': 'a',
  'gw-2': 'b',
  'gw-3': 'c',
};
const groups: readonly Role[] = ['control_plane', 'data_plane', 'load_balancer'];

/** The inventory of a lab as YAML. Paths in it are relative to its directory. */
export function labInventory(directory: string, lab: LabFile, nofile: number): string {
  const hosts = hostNames.map((name) => {
    const { address, ports } = lab.hosts[name];
    const zone = zones[name] ? `, zone: ${zones[name]}` : '';
    return `  ${name}: { address: ${address}, ssh_address: 127.0.0.1, port: ${ports.ssh}${zone} }\n`;
  });
  const members = groups.map((role) => `  ${role}: { hosts: [${hostsOf(role).join(', ')}] }\n`);
  const pool = (name: string, from: Role, port: number) =>
    `  ${name}: { driver: haproxy, hosts: load_balancer, socket: /run/haproxy/admin.sock, members: ${from}, port: ${port} }\n`;
  return `# Written by \`npm run lab -- up\`. Copy it to try changes; the next \`up\` writes it anew.
cluster: lab
ssh:
  user: ops
  identity_file: ssh/id_ed25519
  known_hosts: ssh/known_hosts
  become: sudo
  config: none
hosts:
${hosts.join('')}groups:
${members.join('')}  database: { hosts: [${hostsOf('database').join(', ')}] }
api7:
  version: "${lab.version}"
  package:
    control_plane: ${relative(directory, packagePath(lab.version, 'cp'))}
    data_plane: ${relative(directory, packagePath(lab.version, 'dp'))}
  database:
    host: ${lab.hosts['db-1'].address}
    port: 5432
    name: api7ee
    user: api7ee
    password: !file secrets/db-password
    sslmode: disable
  gateway:
    endpoints: ["http://${lab.hosts['lb-1'].address}:17900"]
    group: default
    token: !file secrets/gateway-token
  nofile: ${nofile}
load_balancers:
${pool('gateways', 'data_plane', 9080)}${pool('dashboards', 'control_plane', 17080)}${pool('dp_managers', 'control_plane', 17900)}`;
}

/** Writes inventory.yaml and returns its path. */
export async function writeInventory(directory: string, lab: LabFile, nofile: number): Promise<string> {
  const path = join(directory, 'inventory.yaml');
  await writeFile(path, labInventory(directory, lab, nofile));
  return path;
}
