import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { runningSessions } from '../load/balancer-counters.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { gatewayPid, notServing, setExternally } from '../scenes/rolling-scene.ts';
import { breakHost, cutSsh, type FaultKind, healHost, reloadBalancer } from './break-host.ts';
import type { Case, FaultName } from './cases.ts';

/** The fault of the lab or of the run, and the expected result. */
export interface Fault {
  /** Sent to the run. */
  readonly signal?: NodeJS.Signals;
  /** Done to the lab while the run is stopped. A fault that continues is returned, wrapped. */
  strike?(lab: Lab, at: Case): Promise<void | { readonly lasting: Promise<void> }>;
  heal?(lab: Lab, at: Case): Promise<void>;
  /** How the run ends: `well` (0), `ill` (3, or 2 where nothing was changed), `back` (4), `stopped` (6), `killed`. */
  ends(at: Case): 'well' | 'ill' | 'back' | 'stopped' | 'killed';
  /** The playbook; by default a rolling restart without a soak. */
  readonly run?: { readonly version: string; readonly soak: string };
  /** The first run has a shorter timeout for a gateway that is not ready: its default is two minutes. */
  readonly impatient?: true;
  /** Added to the command line. */
  readonly flags?: (at: Case) => readonly string[];
  /** The fault itself cuts requests of clients. */
  readonly cutsRequests?: (at: Case) => boolean;
  /** Gateways that the fault itself stops, beside the victim. */
  readonly alsoOut?: number;
  /** Externally held gateways: they stay held. */
  readonly holds?: (at: Case) => string;
  /** The balancer of the case has no connection to the gateways meanwhile. */
  readonly blinds?: true;
  /** Code of an error that the run must name. */
  readonly code?: string;
}

const ill = () => 'ill' as const;
const well = () => 'well' as const;

/** Half of the cases of a bad release keep the failed node as it is, by the case's balancer, on which nothing else depends. */
const isStopped = ({ balancer }: Case): boolean => balancer === 'lb-2';
const badRelease = {
  ends: (at: Case) => (isStopped(at) ? 'ill' : 'back'),
  flags: (at: Case) => (isStopped(at) ? ['--on-failure', 'stop'] : []),
} as const;

/** The victim has requests when the fault strikes. */
const serves = ({ moment }: Case): boolean =>
  ['checkDependencies', 'drain', 'waitInService', 'recheck'].includes(moment);

const hostBroken = (fault: FaultKind): Pick<Fault, 'strike' | 'ends'> => ({
  strike: (lab, { victim }) => breakHost(lab.docker, lab.file, victim, fault),
  ends: ill,
});

const held = (who: 'other' | 'bystander'): Fault => ({
  strike: (lab, at) => setExternally(lab, at[who], 'maint'),
  heal: (lab, at) => setExternally(lab, at[who], 'ready'),
  ends: ill,
  alsoOut: 1,
  holds: (at) => at[who],
});

const haproxyOff = 'touch /run/lab/hold/haproxy; pkill -KILL -x haproxy';

export const kinds: Readonly<Record<FaultName, Fault>> = {
  'all ssh cut': {
    async strike(lab) {
      const lasting = cutSsh(lab, 3);
      // It begins in the second after the next.
      await sleep(2200);
      return { lasting };
    },
    ends: well,
  },
  'network lost': { ...hostBroken('network'), cutsRequests: serves },
  'network lost for a while': {
    async strike(lab, { victim }) {
      await breakHost(lab.docker, lab.file, victim, 'network');
      // Longer than the keepalives need to notice the broken connection.
      return { lasting: sleep(6500).then(() => healHost(lab.docker, lab.file, victim)) };
    },
    ends: well,
  },
  'dockerd gone': { ...hostBroken('docker'), impatient: true },
  'sshd gone': hostBroken('ssh'),
  'machine off': {
    strike: (lab, { victim }) => lab.docker.getContainer(lab.host(victim).container).kill(),
    ends: ill,
  },
  'container killed': {
    strike: (lab, { victim }) => succeed(lab, victim, 'docker kill api7-gateway'),
    ends: ({ moment }) => (moment === 'waitReady' ? 'ill' : 'well'),
    cutsRequests: serves,
  },
  'balancer reloaded': { strike: (lab, { balancer }) => reloadBalancer(lab, balancer), ends: well },
  'balancer down': {
    strike: (lab, { balancer }) => succeed(lab, balancer, `mkdir -p /run/lab/hold; ${haproxyOff}`),
    ends: ill,
    cutsRequests: () => true,
    blinds: true,
  },
  'balancer gone and left out': {
    async strike(lab, { balancer }) {
      await breakHost(lab.docker, lab.file, balancer, 'network');
      await gatewaysMovedOn(lab);
    },
    ends: well,
    flags: ({ balancer }) => ['--without-lb', balancer, '--reason', 'its machine is being replaced'],
    cutsRequests: () => true,
    blinds: true,
  },
  'another node in maintenance': held('other'),
  'a bystander in maintenance': { ...held('bystander'), code: 'BUDGET_EXHAUSTED' },
  'ctrl-c': { signal: 'SIGINT', ends: () => 'stopped' },
  'controller killed': { signal: 'SIGKILL', ends: () => 'killed' },
  'disk full': { ...hostBroken('disk'), run: { version: '3.10.6', soak: '0s' } },
  'never ready': { ...badRelease, run: { version: '3.10.90', soak: '0s' }, impatient: true, code: 'NOT_READY' },
  'bad routes': {
    ...badRelease,
    run: { version: '3.10.91', soak: '6s' },
    code: 'SOAK_FAILED',
    cutsRequests: () => true,
  },
  'database away': {
    async strike(lab, { victim }) {
      await succeed(lab, 'db-1', 'mkdir -p /run/lab/hold; touch /run/lab/hold/postgres; pkill -KILL -x postgres');
      await untilControlPlane(lab, victim, '503');
    },
    async heal(lab, { victim }) {
      await healHost(lab.docker, lab.file, 'db-1');
      await untilControlPlane(lab, victim, '200');
    },
    ends: ill,
    code: 'CONTROL_PLANE_UNREACHABLE',
  },
};

/** The hosts that a fault of the case may have broken. */
const struck = ({ victim, balancer }: Case): readonly string[] => [victim, balancer, 'db-1'];

/**
 * Undoes the faults of hosts, and the fault's own action. Then all nodes outside of the run serve, and no earlier request
 * remains.
 */
export async function healed(lab: Lab, at: Case, hosts: readonly string[] = struck(at)): Promise<void> {
  await Promise.all(hosts.map((name) => healHost(lab.docker, lab.file, name)));
  const up =
    "timeout 30 bash -c 'until echo show info | socat - UNIX:/run/haproxy/admin.sock | grep -q ^Pid; do sleep 0.1; done'";
  await Promise.all(hostsOf(lab.file, 'load_balancer').map((name) => succeed(lab, name, up)));
  await kinds[at.fault].heal?.(lab, at);
  await untilNone(15, 'does not serve again', async () =>
    (await notServing(lab)).filter((name) => name.endsWith(`/${at.bystander}`)),
  );
  await untilNone(3, 'has requests that do not end', () => requestsLeft(lab)).catch(() => breakOffRequests(lab));
  await untilNone(150, 'has requests that do not end', () => requestsLeft(lab));
}

async function requestsLeft(lab: Lab): Promise<readonly string[]> {
  const [running, ...direct] = await Promise.all([
    runningSessions(lab),
    ...hostsOf(lab.file, 'data_plane').map((name) => directRequests(lab, name)),
  ]);
  const busy = Object.entries(running).filter(([, sessions]) => sessions > 0);
  return [...busy.map(([name]) => name), ...direct.flat()];
}

/**
 * Ends the connections of requests that an outage left behind. TCP doubles its delay between retries, so they may take a minute
 * to end by themselves. A kernel without CONFIG_INET_DIAG_DESTROY leaves them to that.
 */
async function breakOffRequests(lab: Lab): Promise<void> {
  const inGateway = `nsenter -t $(${gatewayPid}) -n ss -KtnH 'sport = :9080'`;
  await Promise.all([
    ...hostsOf(lab.file, 'load_balancer').map((name) => lab.exec(name, "ss -KtnH 'dport = :9080'")),
    ...hostsOf(lab.file, 'data_plane').map((name) => lab.exec(name, inGateway)),
    lab.exec('db-1', "ss -KtnH 'dport = :9080'"),
  ]);
}

/** Requests that bypass the balancers, like the slow one of the case: no other request comes from that host. */
async function directRequests(lab: Lab, gateway: string): Promise<readonly string[]> {
  const peers = `sport = :9080 and dst ${lab.host('db-1').address}`;
  const script = `
pid=$(${gatewayPid})
[ "\${pid:-0}" = 0 ] || nsenter -t "$pid" -n ss -tnH state established '( ${peers} )'`;
  return (await output(lab, gateway, script)).trim() === '' ? [] : [`${gateway} from db-1`];
}

async function untilNone(seconds: number, what: string, look: () => Promise<readonly string[]>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (let left = await look(); left.length > 0; left = await look()) {
    if (Date.now() > deadline) throw new Error(`${left.join(', ')} ${what}`);
    await sleep(250);
  }
}

/**
 * A gateway whose configuration came through a balancer that is down notices that after eight seconds. It is not ready until
 * another endpoint has replied. A run at that moment rightly changes no gateway, and the case is about something else.
 */
async function gatewaysMovedOn(lab: Lab): Promise<void> {
  await sleep(9000);
  const ready =
    "timeout 60 bash -c 'until curl -sf -m 1 -o /dev/null http://127.0.0.1:7085/status/ready; do sleep 0.3; done'";
  await Promise.all(hostsOf(lab.file, 'data_plane').map((name) => succeed(lab, name, ready)));
}

/** Waits until all balancers reply so for the control plane, seen from a gateway. */
async function untilControlPlane(lab: Lab, from: string, status: string): Promise<void> {
  const urls = ['lb-1', 'lb-2'].map((name) => `http://${lab.host(name).address}:17900/healthz`);
  const script = urls
    .map((url) => `until [ "$(curl -s -m 1 -o /dev/null -w '%{http_code}' ${url})" = ${status} ]; do sleep 0.2; done`)
    .join('\n');
  await succeed(lab, from, `timeout 60 bash -c '${script.replaceAll("'", `'\\''`)}'`);
}

async function succeed(lab: Lab, host: string, script: string): Promise<void> {
  await output(lab, host, script);
}

async function output(lab: Lab, host: string, script: string): Promise<string> {
  const { code, out, err } = await lab.exec(host, script);
  if (code !== 0) throw new Error(`${host}: ${script} ended with ${code}: ${out}${err}`);
  return out;
}
