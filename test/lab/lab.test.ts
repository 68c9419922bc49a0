import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all } from './all.ts';
import { downLab } from './down.ts';
import { type Lab, upLab } from './lab.ts';
import { paths } from './paths.ts';
import { hostsOf } from './plan/lab-file.ts';
import { label, labelled } from './plan/labels.ts';
import { labCli } from './scenes/lab-cli.ts';
import { labStatus, statusTable } from './status.ts';

const directory = join(paths.cache, 'labs/lab-test');

let lab: Lab;

beforeAll(async () => {
  await downLab(directory);
  lab = await upLab({ directory, owned: true });
});

afterAll(() => lab?.down());

const cli = (...args: readonly string[]) => labCli(directory, ...args);

describe.runIf(all)('the lab', () => {
  it('has hosts with an engine and a machine id of their own', async () => {
    const withEngine = [...hostsOf(lab.file, 'control_plane'), ...hostsOf(lab.file, 'data_plane')];
    const ids = await Promise.all(
      withEngine.map(async (name) => (await lab.exec(name, 'docker info -f {{.ID}}')).out.trim()),
    );
    expect(new Set(ids).size).toBe(withEngine.length);
    const volumes = await lab.docker.listVolumes({ filters: labelled(label.lab, lab.file.id) });
    expect(volumes.Volumes).toHaveLength(Object.keys(lab.file.hosts).length);
    await lab.exec('gw-1', 'docker network create only-here');
    expect((await lab.exec('gw-2', 'docker network inspect only-here')).code).not.toBe(0);
    await lab.exec('gw-1', 'docker network rm only-here');
  });

  it('runs HAProxy with an admin socket for root, no retries and a server for every member', async () => {
    const ask = (line: string) => `echo '${line}' | sudo -n socat - UNIX:/run/haproxy/admin.sock`;
    const { stdout } = await cli('ssh', 'lb-1', ask('show servers state'));
    const servers = stdout.split('\n').map((line) =>
      line
        .split(' ')
        .slice(1, 4)
        .filter((_, at) => at !== 1)
        .join('/'),
    );
    expect(servers).toEqual(
      expect.arrayContaining([
        'gateways/gw-1',
        'gateways/gw-2',
        'gateways/gw-3',
        'dashboards/cp-1',
        'dashboards/cp-2',
        'dp_managers/cp-1',
        'dp_managers/cp-2',
      ]),
    );
    expect((await cli('ssh', 'lb-1', ask('disable server gateways/gw-1'))).code).toBe(0);
    expect((await cli('ssh', 'lb-1', ask('enable server gateways/gw-1'))).code).toBe(0);
    expect((await cli('ssh', 'lb-1', 'socat - UNIX:/run/haproxy/admin.sock </dev/null')).code).not.toBe(0);
    expect((await fetch(lab.url('gateways'))).status).toBe(503);
    expect((await fetch(lab.url('stats'))).status).toBe(200);
  });

  it('runs PostgreSQL 15 with an empty database behind a password full of delimiters', async () => {
    const { address } = lab.host('db-1');
    const query = (password: string) =>
      `PGPASSWORD='${password}' psql -X -A -t -h ${address} -U api7ee -c "select current_setting('server_version'), current_user, (select count(*) from pg_tables where schemaname = 'public')" api7ee`;
    const password = (await lab.exec('db-1', 'cat /etc/lab/db-password')).out;
    expect(password).toContain('p@ss:/#%');
    expect((await lab.exec('gw-1', query(password))).out).toMatch(/^15\..*\|api7ee\|0\n$/);
    expect((await lab.exec('gw-1', query('wrong'))).err).toMatch(/password authentication failed/);
  });

  it('keeps addresses, ports, host keys and services across a restart of a host', async () => {
    const before = await lab.exec(
      'lb-1',
      'hostname -I; cat /etc/ssh/ssh_host_ed25519_key.pub 2>/dev/null; sha256sum /etc/ssh/ssh_host_ed25519_key',
    );
    await lab.docker.getContainer(lab.host('lb-1').container).stop({ t: 20 });
    const again = await upLab({ directory, owned: true });
    expect(again.did).toMatchObject({ 'lb-1': 'started', 'gw-1': 'kept' });
    expect(
      await lab.exec(
        'lb-1',
        'hostname -I; cat /etc/ssh/ssh_host_ed25519_key.pub 2>/dev/null; sha256sum /etc/ssh/ssh_host_ed25519_key',
      ),
    ).toEqual(before);
    expect((await fetch(lab.url('gateways'))).status).toBe(503);
    const banner = await new Promise<string>((resolve, reject) => {
      const socket = connect(lab.host('lb-1').ports.ssh ?? 0, '127.0.0.1').once('error', reject);
      socket.once('data', (data) => {
        socket.destroy();
        resolve(String(data));
      });
    });
    expect(banner).toMatch(/^SSH-2\.0-OpenSSH/);
  });

  it('resets hosts to their bare state', async () => {
    await lab.exec(
      'cp-1',
      'mkdir -p /opt/api7/deep; mount -t tmpfs none /opt/api7/deep; touch /opt/api7/x /home/ops/y /tmp/z; docker volume create v; docker network create n',
    );
    await lab.exec('lb-1', "echo 'set server gateways/gw-1 state maint' | socat - UNIX:/run/haproxy/admin.sock");
    await lab.exec('db-1', 'su postgres -c "psql -d api7ee -c \'create table t ()\'"');
    await lab.reset();
    const left = await lab.exec(
      'cp-1',
      'ls -A /opt /tmp; ls /home/ops; docker volume ls -q; docker network ls -q --filter type=custom; mount | grep deep',
    );
    expect(left.out.split('\n').filter((line) => line && !line.endsWith(':'))).toEqual([]);
    expect(
      (
        await lab.exec(
          'lb-1',
          "echo 'show servers state gateways' | socat - UNIX:/run/haproxy/admin.sock | awk '$4 == \"gw-1\" { print $7 }'",
        )
      ).out,
    ).toBe('0\n');
    expect(
      (
        await lab.exec(
          'db-1',
          'su postgres -c "psql -tA -d api7ee -c \'select count(*) from pg_tables where schemaname = current_schema()\'"',
        )
      ).out,
    ).toBe('0\n');
  });

  it('shows its state as a table', async () => {
    const table = statusTable((await labStatus(directory)) ?? []);
    expect(table.split('\n')).toHaveLength(Object.keys(lab.file.hosts).length + 1);
    expect(table).toMatch(/^gw-1 +running +10\.231\.\d+\.21 +ssh \d+ +-$/m);
  });
});
