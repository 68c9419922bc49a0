import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { hostsOf } from '../plan/lab-file.ts';

const FILE = '/tmp/lab-starts';
const FILTERS = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start'] }));
const DOCKER = '--unix-socket /var/run/docker.sock';

/**
 * Counts the starts of each container of control planes and gateways, from the events of the Docker Engines. Its result has `gw-1
 * api7-gateway` and the like; containers that only check a configuration are left out.
 *
 * @example const starts = await startCounter(lab); … await starts.stop() // { 'gw-1 api7-gateway': 1 }
 */
export async function startCounter(lab: Lab): Promise<{ stop(): Promise<Readonly<Record<string, number>>> }> {
  const hosts = [...hostsOf(lab.file, 'control_plane'), ...hostsOf(lab.file, 'data_plane')];
  // The engine keeps few events, and health checks are events, too: these are read as they come.
  const follow = `echo $$ >${FILE}.pid; exec curl -sN -D ${FILE}.head ${DOCKER} 'http://docker/events?filters=${FILTERS}' >${FILE}`;
  const script = Buffer.from(follow).toString('base64');
  await Promise.all(
    hosts.map(async (host) => {
      await lab.exec(
        host,
        `rm -f ${FILE} ${FILE}.*; echo ${script} | base64 -d >${FILE}.sh; setsid sh ${FILE}.sh >/dev/null 2>&1 </dev/null &`,
      );
      // The engine sends the head of its response when it listens.
      while (!(await lab.exec(host, `cat ${FILE}.head 2>/dev/null; true`)).out.includes(' 200 ')) await sleep(50);
    }),
  );
  return {
    async stop() {
      const all = await Promise.all(
        hosts.map(async (host) => {
          const { out } = await lab.exec(
            host,
            `sleep 0.5; kill $(cat ${FILE}.pid); cat ${FILE}; rm -f ${FILE} ${FILE}.*`,
          );
          return [...out.matchAll(/"name":"(api7-(?:gateway|dashboard|dp-manager)[^"]*)"/g)].map(
            ([, name]) => `${host} ${name}`,
          );
        }),
      );
      const names = all.flat().sort();
      return Object.fromEntries(names.map((name) => [name, names.filter((each) => each === name).length]));
    },
  };
}
