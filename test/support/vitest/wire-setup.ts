import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { installAll } from '../base/installed.ts';
import { SUDOERS, TEST_USER } from '../ssh/sshd.ts';

/**
 * Installs the programs of the wire tests before their workers start: one call of apt-get instead of twenty, and no test waits
 * for it.
 */
export const setup = (): Promise<void> =>
  installAll([
    ['/usr/sbin/sshd', 'openssh-server'],
    ['/usr/bin/ssh', 'openssh-client'],
    ['/usr/bin/sudo', 'sudo'],
    ['/usr/sbin/haproxy', 'haproxy'],
    ['/usr/sbin/nginx', 'nginx'],
    ['/usr/bin/prometheus', 'prometheus'],
    ['/usr/bin/openssl', 'openssl'],
    ['/usr/bin/socat', 'socat'],
    ['/bin/nc.openbsd', 'netcat-openbsd'],
    ['/usr/bin/python3', 'python3-minimal'],
    ['/usr/bin/perl', 'perl-base'],
    ['/usr/bin/curl', 'curl'],
    ['/usr/bin/wget', 'wget'],
    ['/bin/busybox', 'busybox-static'],
    ['/usr/bin/docker-registry', 'docker-registry'],
    ['/usr/bin/htpasswd', 'apache2-utils'],
    ['/usr/bin/openssl', 'openssl'],
    ['/usr/bin/ss', 'iproute2'],
    ['/usr/lib/postgresql', 'postgresql'],
    ['/usr/bin/openssl', 'openssl'],
    ['/usr/bin/zsh', 'zsh'],
    ['/usr/bin/fish', 'fish'],
    ['/bin/csh', 'csh'],
    [`/usr/lib/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu/faketime/libfaketime.so.1`, 'libfaketime'],
  ]);

/** Removes the rules of removed test users. During the run they are only truncated: see `startSshd`. */
export function teardown(): void {
  for (const name of readdirSync(SUDOERS)) {
    const rule = join(SUDOERS, name);
    if (TEST_USER.test(name) && statSync(rule).size === 0) rmSync(rule, { force: true });
  }
}
