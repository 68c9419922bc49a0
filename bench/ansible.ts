import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '../test/support/base/installed.ts';
import type { Bench } from './context.ts';
import type { Fleet } from './fleet.ts';

const STRATEGIES = '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy';

export interface Ansible {
  /** Arguments and environment of a playbook run; 50 forks, pipelining. */
  playbook(book: string, vars: Readonly<Record<string, string>>): AnsibleRun;
  adHoc(module: string, argument: string): AnsibleRun;
  /** Ends ssh's persistent connections, so that each run begins without any. */
  forgetConnections(): void;
}

export interface AnsibleRun {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Ansible with its manual's settings for speed, on the first hosts of the fleet; installed if missing. */
export function ansible(bench: Bench, fleet: Fleet, count: number, strategy?: 'mitogen_linear'): Ansible {
  if (process.getuid?.() !== 0) throw new Error('run the bench as root: apt-get install ansible ansible-mitogen');
  installed('/usr/bin/ansible-playbook', 'ansible');
  if (strategy !== undefined && !existsSync(STRATEGIES)) installed(join(STRATEGIES, 'mitogen.py'), 'ansible-mitogen');
  const home = join(bench.work, `ansible-${strategy ?? 'plain'}-${count}`);
  // A socket path has at most 107 bytes.
  const sockets = join(bench.work, `cp-${strategy === undefined ? 'a' : 'm'}${count}`);
  for (const directory of [home, sockets]) mkdirSync(directory, { recursive: true });
  const inventory = join(home, 'hosts');
  const { user, identityFile, knownHosts } = fleet.sshd;
  writeFileSync(
    inventory,
    [
      ...fleet.hosts(count).map(({ name, address }) => `${name} ansible_host=${address}`),
      '[all:vars]',
      `ansible_port=${fleet.port}`,
      `ansible_user=${user}`,
      `ansible_ssh_private_key_file=${identityFile}`,
      'ansible_python_interpreter=/usr/bin/python3',
      `trees=${fleet.trees}`,
      `user=${user}`,
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(home, 'ansible.cfg'),
    [
      '[defaults]',
      `inventory = ${inventory}`,
      'forks = 50',
      // Mitogen's default limit is 10 s, which 20 connections on one busy machine can take.
      'timeout = 120',
      'retry_files_enabled = False',
      `local_tmp = ${join(home, 'tmp')}`,
      ...(strategy === undefined ? [] : [`strategy_plugins = ${STRATEGIES}`, `strategy = ${strategy}`]),
      '[ssh_connection]',
      'pipelining = True',
      `control_path_dir = ${sockets}`,
      `ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${knownHosts} -o IdentitiesOnly=yes`,
      '',
    ].join('\n'),
  );
  const env = { ANSIBLE_CONFIG: join(home, 'ansible.cfg'), ANSIBLE_HOME: home, LC_ALL: 'C.UTF-8' };
  return {
    playbook: (book, vars) => ({ words: ['ansible-playbook', book, '-e', JSON.stringify(vars)], env }),
    adHoc: (module, argument) => ({ words: ['ansible', 'all', '-m', module, '-a', argument], env }),
    forgetConnections() {
      for (const socket of readdirSync(sockets))
        spawnSync('ssh', ['-F', 'none', '-S', join(sockets, socket), '-O', 'exit', 'any']);
    },
  };
}

/** Versions as the tools print them. */
export function ansibleVersions(): Readonly<Record<string, string>> {
  const core = spawnSync('ansible', ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0] ?? 'none';
  const python = ['-c', 'import mitogen; print(mitogen.__version__)'];
  const parts = spawnSync('/usr/bin/python3', python, { encoding: 'utf8' }).stdout?.replace(/[^\d,]/g, '') ?? '';
  return { ansible: core, mitogen: parts.replaceAll(',', '.') || 'none' };
}
