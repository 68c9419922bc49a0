import type { Lab } from '../lab.ts';
import { hostNames } from '../plan/lab-file.ts';
import { must } from './must.ts';

/** Files and containers of every host, for a comparison: nothing may have changed. */
export async function hostPictures(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const pictures = hostNames(lab.file).map(async (host) => [host, await must(lab, host, PICTURE)] as const);
  return Object.fromEntries(await Promise.all(pictures));
}

// What a login itself writes, such as the time of the last one, is below /var/log and /run.
const PICTURE = `
find /etc /opt /root /home /srv /usr /var/lib/api7-orch -xdev \\( -type f -o -type l -o -type d \\) -printf '%p %y %m %U %G %s %T@\\n' 2>/dev/null | sort | sha256sum
ls -A /run/api7-orch /tmp 2>/dev/null || true
if [ -e /run/lab/docker ]; then
  docker ps -aq --no-trunc | sort
  docker ps -aq | xargs -r docker inspect -f '{{.Id}} {{.Name}} {{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}} {{json .HostConfig}} {{json .Config}}' | sort | sha256sum
  docker images --no-trunc -q | sort | sha256sum
fi
`;
