import type Docker from 'dockerode';
import { healHost } from '../faults/break-host.ts';
import { LabError, tail } from '../lab-error.ts';
import { hostNames, type LabFile, labHost } from '../plan/lab-file.ts';
import { type BalancerKind, type HostSpec, topologyOf } from '../plan/topology.ts';
import { hostExec } from './host-exec.ts';

/** The extent of a reset. */
export interface ResetOptions {
  /** Leaves the images in Docker: loading them takes most of an install's time. Default false. */
  readonly keepImages?: boolean;
}

const noImages = 'docker images -aq | sort -u | xargs -r docker rmi -f >/dev/null';

// Remains of a run or a test on any host: containers and images, files, mounts, processes of ops.
const bare = ({ keepImages = false }: ResetOptions) => `
left=
if [ -e /run/lab/docker ]; then
  docker ps -aq | xargs -r docker rm -f -v >/dev/null
  ${keepImages ? '' : noImages}
  docker volume ls -q | xargs -r docker volume rm -f >/dev/null
  docker network ls -q --filter type=custom | xargs -r docker network rm >/dev/null
  left="$(docker ps -aq)${keepImages ? '' : '$(docker images -aq)'}"
fi
pkill -KILL -u ops
awk '$2 ~ "^/(opt|tmp|home)(/|$)" { print $2 }' /proc/mounts | sort -r | xargs -r -n1 umount -l
rm -rf /opt/* /opt/.[!.]* /var/lib/api7-orch
find /tmp /var/tmp /home/ops -mindepth 1 -maxdepth 1 ! -name .ssh ! -name '.bash*' ! -name .profile -exec rm -rf {} +
find /home/ops/.ssh -mindepth 1 ! -name authorized_keys -delete
test -z "$left$(ls -A /opt /tmp | grep -v -e : -e '^$')"
`;

const firstFiles = 'tar -C / -xf /etc/lab/first.tar';

// A restart clears the settings of the admin socket, and all counters.
const freshBalancer: Readonly<Record<BalancerKind, string>> = {
  haproxy: `
${firstFiles}; old=$(pgrep -o -x haproxy); rm -f /run/haproxy/admin.sock; pkill -KILL -x haproxy
for i in $(seq 200); do
  new=$(pgrep -o -x haproxy) && [ "$new" != "$old" ] && echo 'show info' | socat - UNIX:/run/haproxy/admin.sock >/dev/null 2>&1 && exit 0
  sleep 0.05
done
echo 'haproxy did not come back'; exit 1`,
  nginx: `
rm -rf /etc/nginx/api7-orch; ${firstFiles}; old=$(pgrep -o -x nginx); pkill -KILL -x nginx
for i in $(seq 200); do
  new=$(pgrep -o -x nginx) && [ "$new" != "$old" ] && curl -s -o /dev/null http://127.0.0.1:8404/ && exit 0
  sleep 0.05
done
echo 'nginx did not come back'; exit 1`,
};

/**
 * Resets hosts to their first state, without recreating them; broken ones are healed first.
 * @example await resetLab(docker, lab, ['gw-1'])
 */
export async function resetLab(
  docker: Docker,
  lab: LabFile,
  hosts = hostNames(lab),
  options: ResetOptions = {},
): Promise<void> {
  const specs = topologyOf(lab.size).filter(({ name }) => hosts.includes(name));
  const results = await Promise.allSettled(specs.map((spec) => resetHost(docker, lab, spec, options)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function resetHost(docker: Docker, lab: LabFile, { name, role }: HostSpec, options: ResetOptions): Promise<void> {
  await healHost(docker, lab, name);
  const scripts = [bare(options)];
  if (role === 'load_balancer') scripts.push(freshBalancer[lab.balancer]);
  if (role === 'database') scripts.push('create-database --fresh');
  for (const script of scripts) {
    const { code, out, err } = await hostExec(docker, labHost(lab, name).container, script);
    if (code !== 0) throw new LabError(`${name} cannot be put back to its bare state`, { log: tail(out + err) });
  }
}
