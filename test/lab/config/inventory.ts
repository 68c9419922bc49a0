import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packagePath } from '../build/packages.ts';
import { hostNames, hostsOf, type LabFile, labHost } from '../plan/lab-file.ts';
import { poolsOf } from '../plan/pools.ts';
import { type HostName, hasEdge, type Role } from '../plan/topology.ts';
import { edgeCertificates, edgeInventory } from './edge-inventory.ts';
import { serversFile } from './nginx-config.ts';

const groups: readonly Role[] = ['control_plane', 'data_plane', 'edge_gateways', 'load_balancer', 'database'];
const zones = ['a', 'b', 'c'];

/** Three zones, one after another. */
function zoneOf(name: HostName): string {
  const [kind, number] = name.split('-');
  return kind === 'cp' || kind === 'gw' ? `, zone: ${zones[(Number(number) - 1) % zones.length]}` : '';
}

/** The inventory of a lab as YAML. Paths in it are relative to its directory. */
export function labInventory(directory: string, lab: LabFile, nofile: number): string {
  const common = commonBlocks(directory, lab);
  if (hasEdge(lab.size)) return edgeInventory(common, lab, nofile);
  const endpoints = hostsOf(lab, 'load_balancer').map((name) => `"http://${labHost(lab, name).address}:17900"`);
  return `${common}  gateway:
    endpoints: [${endpoints.join(', ')}]
    group: default
    token: !file secrets/gateway-token
  nofile: ${nofile}
load_balancers:
${loadBalancers(lab)}`;
}

/** The first part of the inventories of all labs, down to the database in the block `api7`. */
function commonBlocks(directory: string, lab: LabFile): string {
  const hosts = hostNames(lab).map((name) => {
    const { address, ports } = labHost(lab, name);
    return `  ${name}: { address: ${address}, ssh_address: 127.0.0.1, port: ${ports.ssh}${zoneOf(name)} }\n`;
  });
  const members = groups
    .map((role) => [role, hostsOf(lab, role)] as const)
    .filter(([, names]) => names.length > 0)
    .map(([role, names]) => {
      // All gateways belong to the data plane, whatever their group.
      const children = role === 'data_plane' && hasEdge(lab.size) ? ', children: [edge_gateways]' : '';
      return `  ${role}: { hosts: [${names.join(', ')}]${children} }\n`;
    });
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
${members.join('')}api7:
  version: "${lab.version}"
  package:
    control_plane: ${relative(directory, packagePath(lab.version, 'cp'))}
    data_plane: ${relative(directory, packagePath(lab.version, 'dp'))}
  database:
    host: ${labHost(lab, 'db-1').address}
    port: 5432
    name: api7ee
    user: api7ee
    password: !file secrets/db-password
    sslmode: disable
`;
}

/** A balancer identifies members by address and port: `gateways` are also those of its TCP pool. */
function loadBalancers(lab: LabFile): string {
  return poolsOf(lab)
    .filter(({ mode }) => mode === 'http')
    .map((pool) => {
      const driver =
        lab.balancer === 'nginx'
          ? `driver: nginx, hosts: load_balancer, include: ${serversFile(pool)}`
          : 'driver: haproxy, hosts: load_balancer, socket: /run/haproxy/admin.sock';
      return `  ${pool.name}: { ${driver}, members: ${pool.members}, port: ${pool.memberPort} }\n`;
    })
    .join('');
}

/** Writes inventory.yaml and returns its path. */
export async function writeInventory(directory: string, lab: LabFile, nofile: number): Promise<string> {
  const path = join(directory, 'inventory.yaml');
  if (hasEdge(lab.size)) await edgeCertificates(directory, lab);
  await writeFile(path, labInventory(directory, lab, nofile));
  return path;
}
