import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Automation } from '../../../src/core/host/connection.ts';
import { automationRequest } from '../../../src/transport/read/automation-request.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

let root = '';

beforeEach(() => {
  root = temporaryDirectory('automation');
});

function write(path: string, text: string): void {
  mkdirSync(dirname(root + path), { recursive: true });
  writeFileSync(root + path, text);
}

/** The findings of the snippet below the root, by the shell of this machine. */
function found(): Automation {
  const { snippet, parse } = automationRequest(root);
  const stdout = execFileSync('sh', ['-c', snippet]);
  const { prunes, upgrades, managers } = parse({ code: 0, stdout, stderr: '', sentAt: 0, answeredAt: 0 });
  const reported = (text: string): string => text.replaceAll(root, '');
  return { prunes: prunes.map(reported), upgrades: upgrades.map(reported), managers: managers.map(reported) };
}

const NOTHING: Automation = { prunes: [], upgrades: [], managers: [] };

function dpkg(...packages: readonly (readonly [name: string, selection: string])[]): void {
  for (const [name] of packages) write(`/var/lib/dpkg/info/${name}.list`, '/.\n');
  write('/usr/bin/unattended-upgrade', '#!/usr/bin/python3\n');
  write(
    '/var/lib/dpkg/status',
    packages
      .map(
        ([name, selection]) =>
          `Package: ${name}\nStatus: ${selection} ok installed\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: d\n`,
      )
      .join('\n'),
  );
}

const UPGRADES = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n';

test('a host without any of it', () => {
  expect(found()).toEqual(NOTHING);
  write('/etc/crontab', '17 * * * * root run-parts /etc/cron.hourly\n');
  write('/etc/cron.d/images', '# 0 3 * * * root docker image prune -f\n0 3 * * * root docker image ls\n');
  expect(found()).toEqual(NOTHING);
});

test('cron tables and services with a timer that prune', () => {
  write('/etc/cron.daily/clean', '#!/bin/sh\nexec docker system prune -af --volumes\n');
  write('/var/spool/cron/crontabs/root', '0 3 * * * /usr/bin/docker image prune -f\n');
  write('/etc/systemd/system/clean.service', '[Service]\nExecStart=/usr/bin/docker container prune -f\n');
  write('/etc/systemd/system/clean.timer', '[Timer]\nOnCalendar=daily\n');
  write('/etc/systemd/system/by-hand.service', '[Service]\nExecStart=/usr/bin/docker system prune -f\n');
  expect(found()).toEqual({
    ...NOTHING,
    prunes: ['/etc/cron.daily/clean', '/var/spool/cron/crontabs/root', '/etc/systemd/system/clean.service'],
  });
});

test('configuration managements by cron, by a timer and by their enabled service', () => {
  write('/etc/cron.d/pull', '*/15 * * * * root ansible-pull -U https://git.example.com/site.git\n');
  write('/etc/cron.d/chef', '*/30 * * * * root chef-client -l warn\n');
  mkdirSync(join(root, 'etc/systemd/system/multi-user.target.wants'), { recursive: true });
  symlinkSync(
    '/lib/systemd/system/puppet.service',
    join(root, 'etc/systemd/system/multi-user.target.wants/puppet.service'),
  );
  expect([...found().managers].sort()).toEqual([
    'ansible-pull in /etc/cron.d/pull',
    'chef-client in /etc/cron.d/chef',
    'puppet.service',
  ]);
});

test.each<[string, readonly (readonly [string, string])[], string, readonly string[]]>([
  ["the distribution's Engine", [['docker.io', 'install']], UPGRADES, ['docker.io']],
  ['it is held', [['docker.io', 'hold']], UPGRADES, []],
  ['upgrades are off', [['docker.io', 'install']], UPGRADES.replace('Upgrade "1"', 'Upgrade "0"'), []],
  ['upgrades are a comment', [['docker.io', 'install']], `// ${UPGRADES.replace('\n', '\n// ')}`, []],
  [
    'it is on the blacklist',
    [['docker.io', 'install']],
    `${UPGRADES}Unattended-Upgrade::Package-Blacklist {\n  "docker";\n};\n`,
    [],
  ],
  ["Docker's own packages, whose origin is not allowed", [['docker-ce', 'install']], UPGRADES, []],
  [
    "Docker's own packages",
    [['docker-ce', 'install']],
    `${UPGRADES}Unattended-Upgrade::Origins-Pattern {\n  "origin=Docker";\n};\n`,
    ['docker-ce'],
  ],
])('unattended upgrades of the Engine: %s', (_, packages, text, upgrades) => {
  dpkg(...packages);
  write('/etc/apt/apt.conf.d/20auto-upgrades', text);
  expect(found()).toEqual({ ...NOTHING, upgrades });
});

test('unattended upgrades are configured, but the program is not there', () => {
  dpkg(['docker.io', 'install']);
  rmSync(join(root, 'usr/bin/unattended-upgrade'));
  write('/etc/apt/apt.conf.d/20auto-upgrades', UPGRADES);
  expect(found()).toEqual(NOTHING);
});

test('names of files and lines that no package writes are read in linear time', () => {
  write('/etc/cron.d/odd', `${'docker puppet '.repeat(4000)}\n0 3 * * * root docker system prune # and more\n`);
  write('/etc/cron.d/commented', '0 3 * * * root docker image ls # docker image prune\n# puppet agent\n');
  write('/etc/cron.d/puppet', `@daily root puppet${' '.repeat(50_000)}agent --onetime\n`);
  const started = performance.now();
  expect(found()).toEqual({ ...NOTHING, prunes: ['/etc/cron.d/odd'], managers: ['puppet in /etc/cron.d/puppet'] });
  expect(performance.now() - started).toBeLessThan(2000);
});

test('a table that is far too large, one that is a pipe, and hundreds of findings do no harm', () => {
  write('/etc/cron.d/large', `${'#'.repeat(200_000)}\n0 3 * * * root docker system prune\n`);
  execFileSync('mkfifo', [join(root, 'etc/cron.d/pipe')]);
  for (let i = 0; i < 300; i++) write(`/etc/cron.d/prune-${i}`, '0 3 * * * root docker system prune\n');
  expect(found().prunes).toHaveLength(10);
});
