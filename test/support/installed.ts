import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Path of a program that the tests need; its Debian package is installed when it is missing. Servers stay down. */
export function installed(program: string, debianPackage: string): string {
  if (existsSync(program)) return program;
  const policy = '/usr/sbin/policy-rc.d';
  const keepsServersDown = existsSync(policy);
  if (!keepsServersDown) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const install = `apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends ${debianPackage}`;
  try {
    execFileSync('flock', ['/tmp/api7-orch-apt.lock', 'sh', '-c', `${install} || { apt-get update && ${install}; }`], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'pipe',
    });
  } finally {
    if (!keepsServersDown) rmSync(policy, { force: true });
  }
  if (!existsSync(program)) throw new Error(`${debianPackage} is installed, but ${program} is not there`);
  return program;
}
