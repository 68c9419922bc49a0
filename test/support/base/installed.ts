import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const LOCK = '/tmp/api7-orch-apt.lock';
/**
 * Installs `$1`, a list of packages, unless all paths of `$2` exist. Runs under a lock of the whole machine: two calls of apt-get
 * fail each other, and a program that exists may still lack its libraries or its user while another process installs it. Servers
 * stay down: the tests start their own.
 */
const INSTALL = `
missing=
for path in $2; do [ -e "$path" ] || missing=1; done
[ -n "$missing" ] || exit 0
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod 755 $policy
fi
install() { apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $1; }
install "$1" || { apt-get update && install "$1"; }
`;
const OPTIONS = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 << 20 };
const command = (paths: readonly string[], debianPackages: readonly string[]): readonly string[] => [
  ...[LOCK, 'sh', '-c', INSTALL, 'sh'],
  ...[debianPackages.join(' '), paths.join(' ')],
];
const known = new Set<string>();

/** Path of a program that the tests need; its Debian package is installed when it is missing. Servers stay down. */
export function installed(program: string, debianPackage: string): string {
  if (known.has(program)) return program;
  execFileSync('flock', command([program], [debianPackage]), { ...OPTIONS, stdio: 'pipe' });
  if (!existsSync(program)) throw new Error(`${debianPackage} is installed, but ${program} is not there`);
  known.add(program);
  return program;
}

/** Installs the missing ones of many programs, given as path and Debian package, at once. */
export async function installAll(
  programs: readonly (readonly [program: string, debianPackage: string])[],
): Promise<void> {
  const missing = programs.filter(([program]) => !existsSync(program));
  if (missing.length === 0) return;
  const packages = new Set(missing.map(([, debianPackage]) => debianPackage));
  await promisify(execFile)(
    'flock',
    [
      ...command(
        missing.map(([program]) => program),
        [...packages],
      ),
    ],
    OPTIONS,
  );
}
