import { quote } from '../../core/base/argv.ts';
import type { Automation } from '../../core/host/connection.ts';
import type { Request } from './request.ts';

/** Output limit in bytes, and most findings of one kind. */
const SIZE = 128 * 1024;
const MOST = 10;

/** Directories of cron tables, services and apt settings, relative to the root. */
const CRON = ['cron.d', 'cron.hourly', 'cron.daily', 'cron.weekly', 'cron.monthly'].map((name) => `/etc/${name}`);
const TABLES = ['/etc/crontab', ...CRON, '/var/spool/cron', '/var/spool/cron/crontabs'];
const UNITS = ['/etc/systemd/system', '/usr/local/lib/systemd/system'];
const APT = '/etc/apt/apt.conf.d';

/** Services and timers of configuration management tools, by their package names. */
const MANAGERS = ['puppet', 'puppet-run', 'chef-client', 'cinc-client', 'salt-minion', 'cfengine3', 'ansible-pull'];

/** Packages of the Engine: by the distribution, and by Docker. */
const PACKAGES = ['docker.io', 'docker-ce'];

/** Words of the relevant lines: grep finds fixed words in half the time of patterns. The parser below reads the lines. */
const JOBS = ['prune', 'ansible-pull', 'puppet', 'chef-client', 'cinc-client', 'salt-call'];
const SETTINGS = ['APT::Periodic::Unattended-Upgrade', '"docker', 'Docker', 'origin=*'];

/**
 * Automation that changes the host by itself, as small files in the usual directories show it. One find and one grep
 * read all of them: the start of a program costs a host more than the reading. dpkg-query runs only if the Engine is a
 * package and unattended-upgrades is installed.
 *
 * @param root for tests: the directory of these files
 */
export function automationRequest(root = ''): Request<Automation> {
  const under = (paths: readonly string[]): string => paths.map((path) => quote(root + path)).join(' ');
  const at = quote(root);
  return {
    snippet: `{
export LC_ALL=C
for f in ${UNITS.map((path) => `${quote(root + path)}/*.timer`).join(' ')}; do [ -e "$f" ] && echo "timer $f"; done
for d in ${quote(`${root}${UNITS[0]}`)}/*.wants; do [ -d "$d" ] && for n in ${MANAGERS.join(' ')}; do for k in service timer; do
[ -L "$d/$n.$k" ] && echo "manager $n.$k"; done; done; done
p=
for n in ${PACKAGES.join(' ')}; do [ -e ${at}/var/lib/dpkg/info/$n.list ] && p="$p $n"; done
[ "$p" ] && [ -e ${at}/usr/bin/unattended-upgrade ] && dpkg-query --admindir=${at}/var/lib/dpkg -W -f 'package \${db:Status-Abbrev} \${Package}\\n' $p
find ${under([...TABLES, ...UNITS, APT])} -maxdepth 1 -type f -size -64k -exec grep -HF ${[...JOBS, ...SETTINGS].map((word) => `-e ${quote(word)}`).join(' ')} {} +
} 2>/dev/null </dev/null | head -c ${SIZE}`,
    parse: ({ stdout }) => parseAutomation(stdout.toString(), root),
  };
}

function parseAutomation(text: string, root: string): Automation {
  // Output behind the last newline was cut off.
  const lines = text.split('\n').slice(0, -1);
  const named = (kind: string): readonly string[] =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
  const found = lines.flatMap((line): readonly FoundLine[] => {
    const colon = line.indexOf(':');
    return line.startsWith(`${root}/`) && colon > 0
      ? [{ path: line.slice(0, colon), text: line.slice(colon + 1) }]
      : [];
  });
  const timers = new Set(named('timer'));
  const isUnit = (path: string): boolean => UNITS.some((unit) => path.startsWith(`${root}${unit}/`));
  const isApt = (path: string): boolean => path.startsWith(`${root}${APT}/`);
  const jobs = found.filter(({ path }) =>
    isUnit(path) ? path.endsWith('.service') && timers.has(path.replace(/\.service$/, '.timer')) : !isApt(path),
  );
  const apt = found.filter(({ path }) => isApt(path)).map((line) => line.text);
  const managers = jobs.flatMap((job) => {
    const name = managerIn(job.text);
    return name === undefined ? [] : [`${name} in ${job.path}`];
  });
  return {
    prunes: few(jobs.filter((job) => prunes(job.text)).map(({ path }) => path)),
    upgrades: few(upgradable(apt, named('package'))),
    managers: few([...oneByFile(managers), ...named('manager')]),
  };
}

interface FoundLine {
  readonly path: string;
  readonly text: string;
}

const few = (findings: readonly string[]): readonly string[] => [...new Set(findings)].slice(0, MOST);

/** The first finding of each file: a table may have several lines for one tool. */
const oneByFile = (findings: readonly string[]): readonly string[] =>
  [
    ...new Map(findings.toReversed().map((finding) => [finding.slice(finding.indexOf(' in ')), finding])).values(),
  ].toReversed();

/** A line of a table without its comment. */
const uncommented = (line: string): string => line.split('#', 1)[0] ?? '';

function prunes(line: string): boolean {
  const text = uncommented(line);
  const at = text.indexOf('docker');
  return at >= 0 && /\sprune/.test(text.slice(at));
}

const managerIn = (line: string): string | undefined =>
  /(?:ansible-pull|puppet(?=\s+(?:agent|apply))|chef-client|cinc-client|salt-call)/.exec(uncommented(line))?.[0];

/** Packages that unattended-upgrades will upgrade: not held, and from an allowed origin. */
function upgradable(apt: readonly string[], packages: readonly string[]): readonly string[] {
  const says = (pattern: RegExp): boolean => apt.some((line) => pattern.test(line));
  if (!says(/^[^/#]*APT::Periodic::Unattended-Upgrade\s+"?[1-9]/) || says(/^[^/#]*"docker/)) return [];
  const allowed = says(/^[^/#]*(?:Docker|origin=[*])/) ? PACKAGES : PACKAGES.slice(0, 1);
  return packages.flatMap((line) => {
    const [, name = ''] = /^ii\s+(\S+)$/.exec(line) ?? [];
    return allowed.includes(name) ? [name] : [];
  });
}
