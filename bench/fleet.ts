import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSshd, type TestSshd } from '../test/support/ssh/sshd.ts';

/**
 * "Hosts" that are addresses of the local machine, 127.0.1.1, 127.0.1.2 and so on, each with its own sshd, name and
 * locks.
 */
export interface Fleet extends AsyncDisposable {
  readonly sshd: TestSshd;
  readonly port: number;
  /** Directory on the hosts' disk; `trees/<host>` is each host's own. */
  readonly trees: string;
  hosts(count: number): readonly FleetHost[];
  /** Writes an inventory of the first hosts and returns its path. */
  inventory(count: number, settings?: InventorySettings): string;
  /** Options of `ssh` and `scp` for the same login as api7-orch's. */
  readonly sshOptions: readonly string[];
}

export interface FleetHost {
  readonly name: string;
  readonly address: string;
}

export interface InventorySettings {
  readonly name?: string;
  readonly port?: number;
  readonly become?: 'none' | 'sudo';
  readonly vars?: Readonly<Record<string, string>>;
}

/** Hosts that known_hosts lists. */
const MOST = 500;

/** Required in an inventory; no playbook of the bench uses it. */
export const UNUSED_API7 = `api7:
  version: "3.10.5"
  database: { host: 127.0.0.1, user: none, password: !env API7_ORCH_BENCH_SECRET, sslmode: disable }
  gateway: { endpoints: ["http://127.0.0.1:1"], token: !env API7_ORCH_BENCH_SECRET }
`;

const hosts = (count: number): readonly FleetHost[] =>
  Array.from({ length: count }, (_, at) => ({
    name: `host-${String(at + 1).padStart(3, '0')}`,
    address: `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`,
  }));

/** Starts the servers. Their user has a plain shell, no sudo, and the fastest possible start-up. */
export async function startFleet(most = MOST): Promise<Fleet> {
  const sshd = await startSshd({
    sudo: 'none',
    machines: hosts(most).map(({ address }) => address),
    config: [
      'MaxStartups 1000',
      'MaxSessions 10',
      'LoginGraceTime 120',
      'PrintMotd no',
      'UseDNS no',
      'Subsystem sftp internal-sftp',
    ],
  });
  const trees = join(sshd.home, 'trees');
  mkdirSync(trees);
  const { uid, gid } = statSync(sshd.home);
  chownSync(trees, uid, gid);
  return {
    sshd,
    port: sshd.port,
    trees,
    hosts,
    inventory(count, { name = 'fleet', port = sshd.port, become = 'none', vars = {} } = {}) {
      const path = join(sshd.directory, `${name}-${count}.yaml`);
      const all = { user: sshd.user, trees, ...vars };
      writeFileSync(
        path,
        [
          'cluster: bench',
          'ssh:',
          `  user: ${sshd.user}`,
          `  port: ${port}`,
          `  identity_file: ${sshd.identityFile}`,
          `  known_hosts: ${sshd.knownHosts}`,
          `  become: ${become}`,
          '  connect_timeout: 120s',
          'vars:',
          ...Object.entries(all).map(([at, value]) => `  ${at}: ${JSON.stringify(value)}`),
          'hosts:',
          ...hosts(count).map((host) => `  ${host.name}: { address: ${host.address} }`),
          UNUSED_API7,
        ].join('\n'),
      );
      return path;
    },
    sshOptions: [
      ['-F', 'none'],
      ['-i', sshd.identityFile],
      ...[
        'IdentitiesOnly=yes',
        'BatchMode=yes',
        'StrictHostKeyChecking=yes',
        `UserKnownHostsFile=${sshd.knownHosts}`,
        'GlobalKnownHostsFile=/dev/null',
      ].map((option) => ['-o', option]),
    ].flat(),
    [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose](),
  };
}
