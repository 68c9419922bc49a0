import type Docker from 'dockerode';
import { untilReady } from '../hosts/ensure-host.ts';
import { hostExec } from '../hosts/host-exec.ts';
import type { Lab } from '../lab.ts';
import { LabError, tail } from '../lab-error.ts';
import { hostNames, hostsOf, type LabFile, labHost } from '../plan/lab-file.ts';
import type { HostName } from '../plan/topology.ts';

export const faults = ['network', 'ssh', 'docker', 'disk'] as const;
export type FaultKind = (typeof faults)[number];

// Every packet, also of established connections and published ports, without a reply.
const silence = `
iptables -w -t mangle -I PREROUTING -i eth0 -j DROP
iptables -w -t mangle -I POSTROUTING -o eth0 -j DROP`;

const breaking: Readonly<Record<FaultKind, string>> = {
  network: `iptables -w -t mangle -S | grep -q -- '-i eth0 -j DROP' && exit 0${silence}`,
  // The port refuses from now on, and every earlier login has ended.
  ssh: 'touch /run/lab/hold/sshd; pkill -KILL -x sshd; true',
  // With live-restore, which an engine accepts without a restart, containers outlive their engine.
  docker: `
[ -e /run/lab/hold/dockerd ] && exit 0
mkdir -p /etc/docker; echo '{ "live-restore": true }' > /etc/docker/daemon.json; pkill -HUP -x dockerd
for i in $(seq 100); do docker info -f '{{.LiveRestoreEnabled}}' | grep -q true && break; sleep 0.05; done
touch /run/lab/hold/dockerd; pkill -KILL -x dockerd; rm -f /var/run/docker.pid
for i in $(seq 100); do pgrep -x dockerd >/dev/null || exit 0; sleep 0.05; done; exit 1`,
  // Existing files stay readable, and not one byte more fits in.
  disk: `
mkdir -p /opt/api7 /run/lab/disk; mountpoint -q /opt/api7 && exit 0
mount -t tmpfs -o size=$(( $(du -sk /opt/api7 | cut -f1) + 1024 ))k tmpfs /run/lab/disk
cp -a /opt/api7/. /run/lab/disk; chown --reference=/opt/api7 /run/lab/disk; chmod --reference=/opt/api7 /run/lab/disk
mount --bind /run/lab/disk /opt/api7
dd if=/dev/zero of=/opt/api7/.full bs=4k 2>/dev/null; sync; [ "$(df --output=avail /opt/api7 | tail -1)" -eq 0 ]`,
};

const healing = `
while iptables -w -t mangle -D PREROUTING -i eth0 -j DROP 2>/dev/null; do :; done
while iptables -w -t mangle -D POSTROUTING -o eth0 -j DROP 2>/dev/null; do :; done
while iptables -w -D INPUT -p tcp --dport 22 -j DROP 2>/dev/null; do :; done
mountpoint -q /run/lab/disk && { umount -l /opt/api7; umount -l /run/lab/disk; }
rm -f /run/lab/hold/*
for i in $(seq 600); do
  [ "$i" = 600 ] && { echo 'sshd or dockerd does not come back'; exit 1; }
  { [ ! -e /run/lab/docker ] || curl -sf -o /dev/null --unix-socket /var/run/docker.sock http://docker/_ping; } && (exec 3<>/dev/tcp/127.0.0.1/22) 2>/dev/null && break
  sleep 0.1
done
[ ! -e /etc/docker/daemon.json ] || { rm /etc/docker/daemon.json; pkill -HUP -x dockerd; }`;

/**
 * Breaks one part of a host; its containers keep running. `disk`: the file system of /opt/api7 is full.
 * @example await breakHost(lab.docker, lab.file, 'gw-2', 'network')
 */
export async function breakHost(docker: Docker, lab: LabFile, name: HostName, fault: FaultKind): Promise<void> {
  const { container } = labHost(lab, name);
  await succeed(docker, container, `mkdir -p /run/lab/hold; ${breaking[fault]}`, `${name} cannot be broken (${fault})`);
}

/**
 * Undoes every fault of a host, pauses and stops included. Files written to a full disk meanwhile are lost.
 * @example await healHost(lab.docker, lab.file, 'gw-2')
 */
export async function healHost(docker: Docker, lab: LabFile, name: HostName): Promise<void> {
  const { container } = labHost(lab, name);
  const { State } = await docker.getContainer(container).inspect();
  if (State.Paused) await docker.getContainer(container).unpause();
  if (!State.Running) await docker.getContainer(container).start();
  if (State.Paused || !State.Running) await untilReady(docker, container, name);
  await succeed(docker, container, healing, `${name} cannot be healed`);
}

/**
 * Ends all SSH connections of all hosts in the same moment, and refuses new ones for some seconds. Data traffic continues.
 * Resolves after that time.
 */
export async function cutSsh(lab: Lab, seconds: number): Promise<void> {
  // All containers share one clock: far enough ahead that all of them wait for it.
  const at = Math.ceil(Date.now() / 1000) + 1;
  const script = `
left=$(( ${at}000000 - \${EPOCHREALTIME/./} )); (( left > 0 )) && sleep $(printf '%d.%06d' $(( left / 1000000 )) $(( left % 1000000 )))
iptables -w -I INPUT -p tcp --dport 22 -j DROP
pkill -KILL -f '^sshd: ops'
sleep ${seconds}
iptables -w -D INPUT -p tcp --dport 22 -j DROP`;
  await Promise.all(
    hostNames(lab.file).map((name) => succeed(lab.docker, lab.host(name).container, script, `${name}: cannot cut SSH`)),
  );
}

/** Reloads a balancer as its package would: a new process starts, and the settings of the admin socket are lost. */
export async function reloadBalancer(
  lab: Lab,
  name: HostName = hostsOf(lab.file, 'load_balancer')[0] ?? '',
): Promise<void> {
  const script =
    lab.file.balancer === 'nginx'
      ? 'nginx -s reload'
      : `
old=$(echo 'show info' | socat - UNIX:/run/haproxy/admin.sock | grep ^Pid:); pkill -USR2 -o -x haproxy
for i in $(seq 200); do
  new=$(echo 'show info' | socat - UNIX:/run/haproxy/admin.sock 2>/dev/null | grep ^Pid:) && [ "$new" != "$old" ] && exit 0
  sleep 0.05
done; exit 1`;
  await succeed(lab.docker, lab.host(name).container, script, `${name} cannot be reloaded`);
}

async function succeed(docker: Docker, container: string, script: string, failure: string): Promise<void> {
  const { code, out, err } = await hostExec(docker, container, script);
  if (code !== 0) throw new LabError(failure, { log: tail(out + err) });
}
