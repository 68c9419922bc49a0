import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inventoryWith } from '../config/inventory-with.ts';
import { reloadBalancer } from '../faults/break-host.ts';
import type { Lab } from '../lab.ts';
import type { HostName } from '../plan/topology.ts';
import { orch } from './orch.ts';

interface Finding {
  readonly host: string;
  readonly check: string;
  readonly result: string;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

/** One fault, its cause, and its repair by the hint. */
interface Fault {
  readonly code: string;
  readonly host: HostName;
  readonly cause: string;
  readonly cure: string;
  /** Of the balancer, which is reloaded after each. */
  readonly reload?: true;
}

const CERTIFICATES = join(import.meta.dirname, '../../fixtures/certificates');

/** Runs as the database's own user. */
const sql = (statements: string): string =>
  `setpriv --reuid=postgres --regid=postgres --init-groups psql -X -q -v ON_ERROR_STOP=1 -d api7ee <<'SQL'\n${statements}\nSQL`;

/** Responds as Podman does: Docker's API, with a field of its own. The real Engine runs each request. */
const PODMAN = `cat >/usr/local/sbin/podman-socket <<'SH'
#!/bin/sh
while IFS= read -r line; do
  path=\${line#* } path=\${path% *}
  while IFS= read -r header && [ \${#header} -gt 1 ]; do :; done
  code=$(curl -s -o /tmp/body.$$ -w '%{http_code}' --unix-socket /run/docker.sock.off "http://d$path")
  body=$(cat /tmp/body.$$)
  case $path in */info) body="{\\"BuildahVersion\\":\\"1.39.0\\",\${body#?}" ;; esac
  printf 'HTTP/1.1 %s Said\\r\\nApi-Version: 1.41\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "$code" "$(printf %s "$body" | wc -c)" "$body"
done
SH
chmod 755 /usr/local/sbin/podman-socket
mv /run/docker.sock /run/docker.sock.off
setsid socat UNIX-LISTEN:/run/docker.sock,fork EXEC:/usr/local/sbin/podman-socket </dev/null >/dev/null 2>&1 &
for i in $(seq 50); do [ -S /run/docker.sock ] && exit 0; sleep 0.1; done; exit 1`;

/** Beside those of the inventory: an expired certificate, and more open files than any kernel grants. */
const FAULTS: readonly Fault[] = [
  {
    code: 'CLOCK_SKEWED',
    host: 'cp-2',
    cause: `printf '#!/bin/sh\\nexec /bin/date -d "+90 seconds" "$@"\\n' >/usr/local/bin/date && chmod 755 /usr/local/bin/date`,
    cure: 'rm /usr/local/bin/date',
  },
  {
    code: 'DISK_FULL',
    host: 'cp-1',
    cause: `docker info -f '{{.DockerRootDir}}' >/root/docker-root && mount -t tmpfs -o size=64m none "$(cat /root/docker-root)"`,
    cure: 'umount -l "$(cat /root/docker-root)" && rm /root/docker-root',
  },
  {
    code: 'PORT_TAKEN',
    host: 'gw-2',
    cause: `docker stop api7-gateway && { setsid socat TCP-LISTEN:9080,reuseaddr,fork EXEC:cat </dev/null >/dev/null 2>&1 & } && sleep 1`,
    cure: `kill $(pgrep -f 'TCP-LISTE[N]:9080') && docker start api7-gateway`,
  },
  {
    code: 'LB_MEMBER_UNKNOWN',
    host: 'lb-1',
    cause: `cp -p /etc/haproxy/haproxy.cfg /root/haproxy.cfg && sed -i '/^ *server gw-1 /d' /etc/haproxy/haproxy.cfg`,
    cure: 'mv /root/haproxy.cfg /etc/haproxy/haproxy.cfg',
    reload: true,
  },
  {
    code: 'HAPROXY_DENIED',
    host: 'lb-2',
    cause: `cp -p /etc/haproxy/haproxy.cfg /root/haproxy.cfg && sed -i 's/level admin/level operator/' /etc/haproxy/haproxy.cfg`,
    cure: 'mv /root/haproxy.cfg /etc/haproxy/haproxy.cfg',
    reload: true,
  },
  {
    code: 'DATABASE_TOO_OLD',
    host: 'db-1',
    // The server's version cannot be set: this role reads it from a function of the same name.
    cause: sql(`CREATE FUNCTION public.current_setting(name text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE name WHEN 'server_version_num' THEN '140009' ELSE pg_catalog.current_setting(name) END $$;
ALTER ROLE api7ee SET search_path = public, pg_catalog;`),
    cure: sql('ALTER ROLE api7ee RESET search_path; DROP FUNCTION public.current_setting(text);'),
  },
  {
    code: 'DOCKER_IS_PODMAN',
    host: 'gw-1',
    cause: PODMAN,
    // socat removes its socket when it ends: it must not remove the Engine's.
    cure: `kill $(pgrep -f 'UNIX-LISTE[N]:/run/docker.sock')
while pgrep -f 'UNIX-LISTE[N]:/run/docker.sock' >/dev/null; do sleep 0.1; done
rm -f /run/docker.sock; mv /run/docker.sock.off /run/docker.sock`,
  },
  {
    code: 'FLOCK_MISSING',
    host: 'gw-2',
    cause: 'mv /usr/bin/flock /usr/bin/flock.off',
    cure: 'mv /usr/bin/flock.off /usr/bin/flock',
  },
];

/** `api7-orch check` on a healthy cluster, then with ten faults, then after the repair of each. */
export function checkCases(open: () => Lab): void {
  const check = async (
    inventory: string,
  ): Promise<{ readonly code: number | null; readonly found: readonly Finding[] }> => {
    const { code, stdout } = await orch(['check', '-i', inventory]);
    const { hosts }: { hosts: readonly { host: string; checks: readonly Omit<Finding, 'host'>[] }[] } =
      JSON.parse(stdout);
    return {
      code,
      found: hosts.flatMap(({ host, checks }) =>
        checks.flatMap((each) => (each.message === undefined ? [] : [{ host, ...each }])),
      ),
    };
  };
  const carryOut = async ({ host, reload }: Fault, script: string): Promise<void> => {
    const { code, out, err } = await open().exec(host, script);
    expect({ script, code, printed: code === 0 ? '' : out + err }).toMatchObject({ code: 0 });
    if (reload) await reloadBalancer(open(), host);
  };

  test('ten faults have a line each with a hint, and a healthy cluster has none', async () => {
    const lab = open();
    expect(await check(lab.inventory)).toEqual({ code: 0, found: [] });
    const wrong = await inventoryWith(lab, 'check', (text) =>
      text
        .replace(
          'token: !file secrets/gateway-token',
          'cert: !file CERTS/expired.pem\n    key: !file CERTS/gateway.key\n    ca: !file CERTS/ca.pem',
        )
        .replaceAll('CERTS', CERTIFICATES)
        .replaceAll('http://', 'https://')
        .replaceAll(':17900"', ':7943"')
        .replace(/nofile: \d+/, 'nofile: 2147483584'),
    );
    const cured: Fault[] = [];
    try {
      for (const fault of FAULTS) {
        await carryOut(fault, fault.cause);
        cured.push(fault);
      }
      const { code, found } = await check(wrong);
      expect(code).toBe(2);
      // The file system over the Engine's root also hides its containers from it.
      const reported = found.filter(({ host, code: one }) => host !== 'cp-1' || one !== 'DOCKER_FAILED');
      const codes = ['CERTIFICATE_EXPIRED', 'NOFILE_TOO_LOW', ...FAULTS.map((fault) => fault.code)];
      expect([...new Set(reported.map((finding) => finding.code))].sort()).toEqual(codes.sort());
      expect(found.filter(({ hint }) => hint === undefined)).toEqual([]);
      // The control plane connects to PostgreSQL.
      for (const { code: expected, host } of FAULTS)
        expect(found.map((finding) => `${finding.host} ${finding.code}`)).toContain(
          `${host === 'db-1' ? 'cp-1' : host} ${expected}`,
        );
      const people = await orch(['check', '-i', wrong, '-o', 'table']);
      expect(people.code).toBe(2);
      // A longer path is on a line of its own.
      const lines = people.stdout.split('\n').filter((line) => line.trim().includes(' '));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    } finally {
      for (const fault of cured) await carryOut(fault, fault.cure);
    }
    await expect.poll(() => check(lab.inventory), { timeout: 60_000, interval: 2000 }).toEqual({ code: 0, found: [] });
  });
}
