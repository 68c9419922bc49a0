import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inventoryWith } from '../config/inventory-with.ts';
import { healHost } from '../faults/break-host.ts';
import type { Lab } from '../lab.ts';
import { hostNames, hostsOf } from '../plan/lab-file.ts';
import type { HostName } from '../plan/topology.ts';
import { ownLab } from './test-lab.ts';

/** Six gateways behind two balancers. */
export const rollingLab = (): Promise<Lab> =>
  ownLab('rolling-lab', { size: { controlPlane: 1, dataPlane: 6, loadBalancers: 2 }, balancer: 'haproxy' });

/** The lab's inventory, but a host that drops packets is unreachable after 6 s instead of 30. */
export async function quickInventory(lab: Lab): Promise<string> {
  await writeFile(join(lab.directory, 'ssh_alive'), 'ServerAliveInterval 2\nServerAliveCountMax 3\nConnectTimeout 5\n');
  return inventoryWith(lab, 'quick', (text) => text.replace('config: none', 'config: ssh_alive'));
}

/** A server's state on a balancer: HAProxy's numbers, `srv_op_state` and `srv_admin_state`. */
export interface ServerState {
  readonly operation: number;
  readonly admin: number;
}

/** Of every gateway in every backend of every balancer, by `lb-1 gateways/gw-1`. */
export async function serverStates(lab: Lab): Promise<Readonly<Record<string, ServerState>>> {
  const all = await Promise.all(
    hostsOf(lab.file, 'load_balancer').map(async (balancer) => {
      const { out } = await ask(lab, balancer, 'show servers state');
      return out.split('\n').flatMap((line): [string, ServerState][] => {
        const [, backend, , server, , operation, admin] = line.split(' ');
        if (!backend?.startsWith('gateways') || !server) return [];
        return [[`${balancer} ${backend}/${server}`, { operation: Number(operation), admin: Number(admin) }]];
      });
    }),
  );
  return Object.fromEntries(all.flat());
}

/** The servers, as above, that are not in full service. */
export async function notServing(lab: Lab): Promise<readonly string[]> {
  const entries = Object.entries(await serverStates(lab));
  return entries.filter(([, { operation, admin }]) => operation !== 2 || admin !== 0).map(([name]) => name);
}

/** Sets a gateway's state on all balancers, as a colleague would at the admin socket. */
export async function setExternally(lab: Lab, gateway: HostName, state: 'maint' | 'drain' | 'ready'): Promise<void> {
  const servers = Object.keys(await serverStates(lab)).filter((name) => name.endsWith(`/${gateway}`));
  await Promise.all(
    servers.map((name) => {
      const [balancer = '', server = ''] = name.split(' ');
      return ask(lab, balancer, `set server ${server} state ${state}`);
    }),
  );
}

/** Prints a field of the gateway's container. Not by the docker command, which takes ten times as long to start. */
const ofGateway = (field: string): string =>
  `curl -s --unix-socket /var/run/docker.sock http://docker/containers/api7-gateway/json | sed -n 's/.*${field}.*/\\1/p'`;

/** When the gateway's container was started last. */
export const startedAt = ofGateway('"StartedAt":"\\([^"]*\\)"');

/** The process of the gateway's container; 0 if it does not run, empty if it does not exist. */
export const gatewayPid = ofGateway('"Pid":\\([0-9]*\\)');

/** When each gateway's container was started last; empty without a response. */
export async function gatewayStarts(lab: Lab): Promise<Readonly<Record<HostName, string>>> {
  const gateways = hostsOf(lab.file, 'data_plane');
  const all = await Promise.all(
    gateways.map(async (name) => [name, (await lab.exec(name, startedAt)).out.trim()] as const),
  );
  return Object.fromEntries(all);
}

/** The gateways whose container was started again between two snapshots. */
export function restartedBetween(
  before: Readonly<Record<HostName, string>>,
  after: Readonly<Record<HostName, string>>,
): readonly HostName[] {
  return Object.keys(before).filter((name) => before[name] !== after[name]);
}

/** The lease files on all balancers. */
export async function leases(lab: Lab): Promise<readonly string[]> {
  const all = await Promise.all(
    hostsOf(lab.file, 'load_balancer').map(async (name) => {
      const { out } = await lab.exec(name, 'ls /var/lib/api7-orch/leases 2>/dev/null');
      return out.split('\n').flatMap((file) => (file === '' ? [] : [`${name}: ${file}`]));
    }),
  );
  return all.flat();
}

/** Repairs everything that a test broke or left: at the end all gateways serve on all balancers. */
export async function repairFleet(lab: Lab): Promise<void> {
  await Promise.all(hostNames(lab.file).map((name) => healHost(lab.docker, lab.file, name)));
  const gateways = hostsOf(lab.file, 'data_plane');
  await Promise.all([
    ...gateways.map((name) => lab.exec(name, 'docker start api7-gateway')),
    ...hostsOf(lab.file, 'load_balancer').map((name) => lab.exec(name, 'rm -rf /var/lib/api7-orch/leases')),
  ]);
  for (const name of gateways) await setExternally(lab, name, 'ready');
  const deadline = Date.now() + 60_000;
  for (let left = await notServing(lab); left.length > 0; left = await notServing(lab)) {
    if (Date.now() > deadline) throw new Error(`these do not serve again: ${left.join(', ')}`);
    await sleep(500);
  }
}

function ask(lab: Lab, balancer: HostName, line: string) {
  return lab.exec(balancer, `echo '${line}' | socat - UNIX:/run/haproxy/admin.sock`);
}
