import type Docker from 'dockerode';
import { untilReady } from './ensure-host.ts';
import { hostExec } from './host-exec.ts';
import { LabError, tail } from './lab-error.ts';
import type { LabFile } from './lab-file.ts';
import { type HostName, hostNames, type Role, topology } from './topology.ts';

// What a run or a test may leave on any host: containers and images, files, mounts, processes of ops.
const bare = `
docker ps -aq | xargs -r docker rm -f -v >/dev/null
docker images -aq | sort -u | xargs -r docker rmi -f >/dev/null
docker volume ls -q | xargs -r docker volume rm -f >/dev/null
docker network ls -q --filter type=custom | xargs -r docker network rm >/dev/null
pkill -KILL -u ops
awk '$2 ~ "^/(opt|tmp|home)(/|$)" { print $2 }' /proc/mounts | sort -r | xargs -r -n1 umount -l
rm -rf /opt/* /opt/.[!.]*
find /tmp /var/tmp /home/ops -mindepth 1 -maxdepth 1 ! -name .ssh ! -name '.bash*' ! -name .profile -exec rm -rf {} +
find /home/ops/.ssh -mindepth 1 ! -name authorized_keys -delete
test -z "$(docker ps -aq)$(docker images -aq)$(ls -A /opt /tmp | grep -v -e : -e '^$')"
`;

// A restart forgets what was set through the admin socket, and all counters.
const ofRole: Partial<Record<Role, string>> = {
  load_balancer: `
old=$(pgrep -o -x haproxy); rm -f /run/haproxy/admin.sock; pkill -KILL -x haproxy
for i in $(seq 200); do
  new=$(pgrep -o -x haproxy) && [ "$new" != "$old" ] && echo 'show info' | socat - UNIX:/run/haproxy/admin.sock >/dev/null 2>&1 && exit 0
  sleep 0.05
done
echo 'haproxy did not come back'; exit 1`,
  database: 'create-database --fresh',
};

/**
 * Puts hosts back to the state they were made in, without making them anew; hosts that were stopped or paused come
 * back first.
 * @example await resetLab(docker, lab, ['gw-1'])
 */
export async function resetLab(docker: Docker, lab: LabFile, hosts: readonly HostName[] = hostNames): Promise<void> {
  const results = await Promise.allSettled(hosts.map((name) => resetHost(docker, lab, name)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function resetHost(docker: Docker, lab: LabFile, name: HostName): Promise<void> {
  const { container } = lab.hosts[name];
  const { State } = await docker.getContainer(container).inspect();
  if (State.Paused) await docker.getContainer(container).unpause();
  if (!State.Running) await docker.getContainer(container).start();
  if (State.Paused || !State.Running) await untilReady(docker, container, name);
  for (const script of [bare, ofRole[topology[name].role]]) {
    if (!script) continue;
    const { code, out, err } = await hostExec(docker, container, script);
    if (code !== 0) throw new LabError(`${name} cannot be put back to its bare state`, { log: tail(out + err) });
  }
}
