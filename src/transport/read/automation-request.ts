import { quote } from '../../core/base/argv.ts';
import type { Automation } from '../../core/host/connection.ts';
import type { Request } from './request.ts';

/** Output limit in bytes, and most findings of one kind. */
const SIZE = 64 * 1024;
const MOST = 10;

/** Directories of cron tables and of services, relative to the root. */
const CRON = ['cron.d', 'cron.hourly', 'cron.daily', 'cron.weekly', 'cron.monthly'].map((name) => `/etc/${name}`);
const TABLES = ['/etc/crontab', ...CRON, '/var/spool/cron', '/var/spool/cron/crontabs'];
const UNITS = ['/etc/systemd/system', '/usr/local/lib/systemd/system'];

/** Services and timers of configuration management tools, by their package names. */
const MANAGERS = ['puppet', 'puppet-run', 'chef-client', 'cinc-client', 'salt-minion', 'cfengine3', 'ansible-pull'];

/** Leaves out comment lines. */
const PRUNE = '^[^#]*docker[^#]*[[:space:]]prune';
const MANAGER = '^[^#]*(ansible-pull|puppet[[:space:]]+(agent|apply)|chef-client|cinc-client|salt-call)';
const NAMES = 'ansible-pull|puppet|chef-client|cinc-client|salt-call';

/**
 * Automation that changes the host by itself, as its own files show it. Runs only find, grep and dpkg-query, and reads
 * small files in the usual directories.
 *
 * @param root for tests: the directory of these files
 */
export function automationRequest(root = ''): Request<Automation> {
  const under = (paths: readonly string[]): string => paths.map((path) => quote(root + path)).join(' ');
  const small = '-maxdepth 1 -type f -size -64k';
  const apt = quote(`${root}/etc/apt/apt.conf.d`);
  return {
    snippet: `{
export LC_ALL=C
tables() { find ${under(TABLES)} ${small} -exec grep -lE "$1" {} +; }
units() { find ${under(UNITS)} ${small} -name '*.service' -exec grep -lE "$1" {} + | while read -r u; do [ -e "\${u%.service}.timer" ] && echo "$u"; done; }
both() { tables "$1"; units "$1"; }
both ${quote(PRUNE)} | sed 's/^/prune /'
both ${quote(MANAGER)} | head -n ${MOST} | while read -r f; do echo "manager $(grep -oE ${quote(NAMES)} "$f" | head -n 1) in $f"; done
for d in ${quote(`${root}/etc/systemd/system`)}/*.wants; do for n in ${MANAGERS.join(' ')}; do for k in service timer; do
[ -L "$d/$n.$k" ] && echo "manager $n.$k"; done; done; done
if grep -hE '^[^/#]*APT::Periodic::Unattended-Upgrade[[:space:]]+"?[1-9]' ${apt}/* | grep -q . && ! grep -hE '^[^/#]*"docker' ${apt}/* | grep -q .; then
allowed=docker.io
grep -hE '^[^/#]*(Docker|origin=[*])' ${apt}/* | grep -q . && allowed='docker.io docker-ce'
dpkg-query ${root === '' ? '' : `--admindir=${quote(`${root}/var/lib/dpkg`)} `}-W -f '\${db:Status-Abbrev} \${Package}\\n' $allowed | sed -n 's/^ii *//p' | sed 's/^/upgrade /'
fi
} 2>/dev/null </dev/null | head -c ${SIZE}`,
    parse: ({ stdout }) => {
      const lines = stdout.toString().split('\n');
      const of = (kind: string): readonly string[] => {
        const found = lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
        return [...new Set(found)].slice(0, MOST);
      };
      return { prunes: of('prune'), upgrades: of('upgrade'), managers: of('manager') };
    },
  };
}
