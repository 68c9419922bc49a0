import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sshHops } from '../../../src/transport/ssh/connect/hops.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { startSshd } from '../../support/ssh/sshd.ts';

const HOSTS = 300;

test(`${HOSTS} hosts behind one jump host and one sshd that drops fast connections: all connect`, async () => {
  await using bastion = await startSshd({ sudo: 'none' });
  // All of 127.0.0.0/8 is this machine: many addresses, one server with the default limits of sshd.
  await using far = await startSshd({ sudo: 'none', listen: '0.0.0.0', config: ['MaxStartups 10:30:100'] });
  const knownHosts = join(far.directory, 'known_all');
  writeFileSync(
    knownHosts,
    `[127.0.0.1]:${bastion.port} ${bastion.hostKey()}\n[127.0.*.*]:${far.port} ${far.hostKey()}\n`,
  );
  const jump = bastion.target({ name: 'bastion', become: 'none', knownHosts: [knownHosts] });
  const hops = sshHops();
  const targets = Array.from({ length: HOSTS }, (_, i) =>
    far.target({
      name: `h${i}`,
      address: `127.0.${1 + Math.floor(i / 254)}.${1 + (i % 254)}`,
      knownHosts: [knownHosts],
      become: 'none',
      jump,
    }),
  );
  const hosts = await Promise.all(targets.map((target) => connectSsh(target, { acceptNewHostKeys: false, hops })));
  expect(bastion.connections().length).toBe(1);
  const printed = await Promise.all(hosts.map((host) => host.run({ argv: ['printf', host.name] })));
  expect(printed.map(({ stdout }) => stdout)).toEqual(targets.map(({ name }) => name));
  await Promise.all(hosts.map((host) => host.close()));
  await expect.poll(() => bastion.connections().length, { timeout: 60_000 }).toBe(0);
  await expect.poll(() => far.connections().length, { timeout: 60_000 }).toBe(0);
}, 300_000);
