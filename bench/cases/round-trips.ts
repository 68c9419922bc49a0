import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { benchLab } from '../bench-lab.ts';
import { timed } from '../command.ts';
import type { Bench, Case } from '../context.ts';
import { type FarHost, farHost } from '../far-host.ts';
import { UNUSED_API7 } from '../fleet.ts';
import type { Outcome } from '../measure.ts';

const book = (name: string): string => resolve(import.meta.dirname, '../playbooks', name);

/** How often a converged run waits for a far host. */
export const roundTrips: Case = {
  name: 'round-trips',
  title: 'a converged host 50 ms away',
  async run(bench) {
    const outcomes = [...(await plainHost(bench)), ...(await dockerHost(bench))];
    return {
      rows: outcomes.flatMap(({ rows }) => rows),
      verdicts: outcomes.flatMap(({ verdicts }) => verdicts),
      notes: outcomes.flatMap(({ notes }) => notes ?? []),
    };
  },
};

/** Ten tasks as the login user, then as root. */
async function plainHost(bench: Bench): Promise<readonly Outcome[]> {
  const fleet = await bench.fleet();
  const [host] = fleet.hosts(1);
  if (host === undefined) return [];
  const { user, identityFile, knownHosts } = fleet.sshd;
  const login = { user, identityFile, hostKey: fleet.sshd.hostKey() };
  const payload = join(bench.work, 'far-payload');
  writeFileSync(payload, randomBytes(10_000_000));
  const rule = `/etc/sudoers.d/${user}`;
  bench.undo(() => rmSync(rule, { force: true }));
  writeFileSync(rule, `${user} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
  const outcomes: Outcome[] = [];
  for (const become of ['none', 'sudo'] as const) {
    const words = (port: number): readonly string[] => {
      writeFileSync(knownHosts, `[${host.address}]:${port} ${fleet.sshd.hostKey()}\n`, { flag: 'a' });
      const inventory = fleet.inventory(1, {
        name: `far-${become}`,
        port,
        become,
        vars: { payload, release: 'first' },
      });
      return [...bench.orch, 'run', book('ten.ts'), '-i', inventory];
    };
    await timed(words(fleet.port));
    const name = become === 'none' ? 'as the login user' : 'by sudo';
    outcomes.push(await farHost(bench, { ...host, name, port: fleet.port, login, work: words, wanted: 3 }));
  }
  rmSync(rule);
  return outcomes;
}

/** A container and its configuration, with Docker through its forwarded socket, then through sudo. */
async function dockerHost(bench: Bench): Promise<readonly Outcome[]> {
  const lab = await benchLab(bench);
  const { address, ports } = lab.host('gw-1');
  const port = ports.ssh;
  if (port === undefined) throw new Error('the lab publishes no ssh port of gw-1');
  const ssh = join(lab.directory, 'ssh');
  const known = readFileSync(join(ssh, 'known_hosts'), 'utf8');
  const hostKey = known.match(new RegExp(`^\\[127\\.0\\.0\\.1\\]:${port}\\S* (ssh-ed25519 \\S+)`, 'm'))?.[1];
  if (hostKey === undefined) throw new Error(`${ssh}/known_hosts has no ed25519 key for port ${port}`);
  const login = { user: 'ops', identityFile: join(ssh, 'id_ed25519'), hostKey };
  const image = `api7/api7-ee-3-gateway:${lab.file.version}`;
  const words = (at: number): readonly string[] => {
    const knownHosts = join(bench.work, `lab-known-${at}`);
    writeFileSync(knownHosts, `[127.0.0.1]:${at} ${hostKey}\n`);
    const inventory = join(bench.work, `lab-${at}.yaml`);
    const reach = `ssh_address: 127.0.0.1, port: ${at}`;
    writeFileSync(
      inventory,
      `cluster: bench
ssh: { user: ops, identity_file: ${login.identityFile}, known_hosts: ${knownHosts}, become: sudo }
vars: { image: "${image}" }
hosts:
  gw-1: { address: ${address}, ${reach} }
${UNUSED_API7}`,
    );
    return [...bench.orch, 'run', book('container-host.ts'), '-i', inventory];
  };
  bench.undo(async () => void (await lab.exec('gw-1', 'docker rm -f api7-orch-bench; rm -rf /opt/bench')));
  await timed(words(port));
  const host: Omit<FarHost, 'name' | 'wanted'> = { address: '127.0.0.1', port, login, work: words };
  const throughSudo = await farHost(bench, { ...host, name: 'with Docker through sudo', wanted: 5 });
  // New logins are in the group that may open the socket.
  await lab.exec('gw-1', 'usermod -aG docker ops');
  bench.undo(async () => void (await lab.exec('gw-1', 'gpasswd -d ops docker')));
  const forwarded = await farHost(bench, { ...host, name: 'with Docker by forwarding', wanted: 3 });
  return [forwarded, throughSudo];
}
