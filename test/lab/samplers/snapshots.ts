import type { Lab } from '../lab.ts';
import type { HostName } from '../plan/topology.ts';

/** The hosts that install works on. */
export const MANAGED: readonly HostName[] = ['cp-1', 'cp-2', 'gw-1', 'gw-2', 'gw-3'];

/**
 * All state of a host that a check run could have changed: its own files with content and rights, its containers and images. The
 * number of a lock rises and is left out.
 */
const SNAPSHOT = `
find / -xdev \\( -path /var/lib/api7-orch -o -path /proc -o -path /sys -o -path /run -o -path /var/lib/docker -o -path /var/log -o -path /var/lib/sudo \\) -prune -o -newer /etc/hostname ! -path /var/lib -printf '%p %y %m %u %g %s\\n' | sort
find /opt /etc /home /root /tmp /var/tmp -xdev -type f -exec sha256sum {} + | sort -k2
docker ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.State}}'
docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
`;

export async function snapshots(
  lab: Lab,
  hosts: readonly HostName[] = MANAGED,
): Promise<Readonly<Record<string, string>>> {
  const all = await Promise.all(hosts.map(async (host) => [host, (await lab.exec(host, SNAPSHOT)).out] as const));
  return Object.fromEntries(all);
}

/** Temporary files of api7-orch, and containers that only wait for their name. */
const LEFTOVERS = `
find / -xdev \\( -path /proc -o -path /sys -o -path /var/lib/docker -o -path /var/lib/api7-orch -o -path /etc/nginx/api7-orch -o -path /run/api7-orch \\) -prune -o \\( -name '*api7-orch*' -o -name '*.orch-*' \\) -print
ls /run/api7-orch/lock* 2>/dev/null || true
find /var/lib/api7-orch -name '.?*' 2>/dev/null || true
ls -A /tmp /var/tmp /home/ops | grep -vE '^(/|\\.|$)' || true
docker ps -a --format '{{.Names}}' | grep -v '^api7-\\(dashboard\\|dp-manager\\|gateway\\)$' || true
`;

/** The remains of an interrupted run; empty is good. */
export async function leftovers(
  lab: Lab,
  hosts: readonly HostName[] = MANAGED,
): Promise<Readonly<Record<string, string>>> {
  const all = await Promise.all(
    hosts.map(async (host) => [host, (await lab.exec(host, LEFTOVERS)).out.trim()] as const),
  );
  return Object.fromEntries(all.filter(([, found]) => found !== ''));
}
