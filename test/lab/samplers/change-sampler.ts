import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { hostsOf } from '../plan/lab-file.ts';
import type { HostName } from '../plan/topology.ts';

const FILE = '/tmp/lab-still';
const READY = `${FILE}.ready`;
const STOP = `${FILE}.stop`;

/** Orders at the balancer, leases and locks. The state of health checks is no order and is left out. */
const BALANCER =
  "echo 'show servers state' | socat - UNIX:/run/haproxy/admin.sock | cut -d' ' -f2,4,7,8; " +
  "find /var/lib/api7-orch /run/api7-orch -printf '%p %T@ %s\\n' 2>/dev/null";

/** The container with its start time, the names of all, the files. */
const GATEWAY =
  'curl -s --unix-socket /var/run/docker.sock http://docker/containers/api7-gateway/json | ' +
  'sed -n \'s/.*"Id":"\\([^"]*\\)".*"StartedAt":"\\([^"]*\\)".*/\\1 \\2/p\'; ' +
  "curl -s --unix-socket /var/run/docker.sock 'http://docker/containers/json?all=1' | grep -o '\"Names\":[^]]*'; " +
  "find /opt/api7 /var/lib/api7-orch /run/api7-orch -printf '%p %T@ %s\\n' 2>/dev/null";

/** The observed states of a host, one entry for each change. */
export interface HostStates {
  readonly host: HostName;
  readonly states: number;
  readonly samples: number;
}

/**
 * Reads every 50 ms, on the hosts themselves and outside the product, whether anything changes that a run changes: orders at the
 * balancers, leases, locks, containers, files.
 *
 * @example const still = await changeSampler(lab); … (await still.stop()).every(({ states }) => states === 1)
 */
export async function changeSampler(lab: Lab): Promise<{ stop(): Promise<readonly HostStates[]> }> {
  const hosts = [
    ...hostsOf(lab.file, 'load_balancer').map((name) => [name, BALANCER] as const),
    ...hostsOf(lab.file, 'data_plane').map((name) => [name, GATEWAY] as const),
  ];
  await Promise.all(
    hosts.map(([name, look]) => {
      const loop = `while [ ! -e ${STOP} ]; do { ${look}; } | sha256sum >>${FILE}; : >${READY}; sleep 0.05; done`;
      const encoded = Buffer.from(loop).toString('base64');
      return lab.exec(
        name,
        `rm -f ${FILE} ${READY} ${STOP}; echo ${encoded} | base64 -d >${FILE}.sh; setsid sh ${FILE}.sh >/dev/null 2>&1 </dev/null &`,
      );
    }),
  );
  await Promise.all(
    hosts.map(async ([name]) => {
      while ((await lab.exec(name, `cat ${READY} && echo ready; true`)).out.trim() !== 'ready') await sleep(50);
    }),
  );
  return {
    stop: () =>
      Promise.all(
        hosts.map(async ([host]) => {
          const { out } = await lab.exec(host, `touch ${STOP}; sleep 1; cat ${FILE}`);
          const samples = out.trim().split('\n');
          return { host, states: new Set(samples).size, samples: samples.length };
        }),
      ),
  };
}
