import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { installed } from '../support/base/installed.ts';
import { runNode } from '../support/base/run-node.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const root = resolve(import.meta.dirname, '../..');
const directory = temporaryDirectory('destinations');
beforeAll(() => void installed('/usr/bin/ssh', 'openssh-client'), 300_000);

const inventory = join(directory, 'prod.yaml');
writeFileSync(
  inventory,
  `cluster: prod
ssh: { config: ssh_config, user: ops, password: !env LOGIN_PASSWORD, connect_timeout: 1s }
hosts:
  gw-1: { address: 10.0.0.1, ssh_address: gw_1 }
  gw-2: { address: 10.0.0.2 }
  gw-3: { address: 10.0.0.3, jump: none, user: root, port: 2222 }
groups: { data_plane: { hosts: [gw-1, gw-2, gw-3] } }
api7:
  version: "3.10.5"
  database: { host: db, user: api7ee, password: !env LOGIN_PASSWORD }
  gateway: { endpoints: ["http://10.0.0.10:17900"], token: !env LOGIN_PASSWORD }
`,
);

const cliWith = async (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  await runNode(['src/cli/main.ts', ...args, '-i', inventory], {
    cwd: root,
    env: { ...process.env, LOGIN_PASSWORD: 'login-pass-1', NO_COLOR: '1', ...env },
  });

const cli = (...args: readonly string[]) => cliWith({}, ...args);

/** A playbook without tasks. */
function emptyPlaybook(): string {
  const path = join(directory, 'nothing.ts');
  writeFileSync(
    path,
    "import { definePlaybook, play } from 'api7-orch';\nexport default definePlaybook({ name: 'nothing', description: 'Does nothing.', *plays() { yield* play({ name: 'Nothing', hosts: 'all', *tasks() {} }); } });\n",
  );
  return path;
}

test.runIf(process.getuid?.() === 0).each<[string, Record<string, string | undefined>]>([
  ['a HOME that is not there', { HOME: '/nowhere' }],
  ['no HOME', { HOME: undefined }],
])('a uid without a name, with %s, works like any other', async (_, env) => {
  const own = temporaryDirectory('nameless');
  const file = join(own, 'prod.yaml');
  const text = readFileSync(inventory, 'utf8')
    .replace('config: ssh_config', 'config: none, port: 1')
    .replace('{ address: 10.0.0.1, ssh_address: gw_1 }', '{ address: 127.0.0.1 }');
  writeFileSync(file, text);
  chmodSync(own, 0o755);
  const ended = await runNode(['src/cli/main.ts', 'run', 'rolling-restart', '-i', file, '--limit', 'gw-1'], {
    cwd: root,
    uid: 12_345,
    gid: 12_345,
    env: { ...process.env, XDG_STATE_HOME: undefined, LOGIN_PASSWORD: 'login-pass-1', NO_COLOR: '1', ...env },
  });
  expect(ended.stdout + ended.stderr).toContain('CONNECT_REFUSED on gw-1');
  expect(ended.stdout + ended.stderr).not.toMatch(/INTERNAL|ENOENT: no such file.*passwd|uv_os/);
});

test('inventory list shows the addresses of ssh, and no password', async () => {
  writeFileSync(
    join(directory, 'ssh_config'),
    'Host gw_1\n  HostName fd00::1\n  Port 2022\nHost bastion\n  User jumper\nHost 10.0.0.? gw_1\n  ProxyJump bastion\n',
  );
  const { code, stdout } = await cli('inventory', 'list');
  const column = stdout
    .split('\n')
    .slice(1, 4)
    .map((line: string) => line.split(/ {2,}/)[2]);
  expect({ code, column }).toEqual({
    code: 0,
    column: ['ops@[fd00::1]:2022 via jumper@bastion:22', 'ops@10.0.0.2:22 via jumper@bastion:22', 'root@10.0.0.3:2222'],
  });
  const json = await cli('inventory', 'list', '-o', 'json');
  expect(json.stdout).toContain('"password": "***"');
  expect(json.stdout).not.toContain('login-pass-1');
});

test('two names of the ssh configuration for one machine are refused, by validate as by run', async () => {
  writeFileSync(join(directory, 'ssh_config'), 'Host gw_1 10.0.0.2\n  HostName edge.example.com\n');
  for (const args of [
    ['inventory', 'validate'],
    ['run', emptyPlaybook()],
  ]) {
    const { code, stdout, stderr } = await cli(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('gw-1 and gw-2 are one machine: ssh reaches both at edge.example.com:22');
  }
});

test('inventory validate reports every host that is unreachable as configured', async () => {
  writeFileSync(join(directory, 'ssh_config'), 'Host gw_1 10.0.0.*\n  ProxyCommand ssh -W %h:%p bastion\n');
  const { code, stdout, stderr } = await cli('inventory', 'validate');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/ProxyCommand is set for gw-1 [\s\S]*ProxyCommand is set for gw-2 /);
  expect(stderr).toContain('write "ProxyJump bastion" instead');
  expect(stderr).not.toContain('gw-3');
});

const notPlain = 'Host gw_1 10.0.0.*\n  ProxyCommand ssh -W %h:%p bastion\nHost *\n  PKCS11Provider /lib/token.so\n';

test('run refuses them, too, before the first connection, but only for its own hosts', async () => {
  writeFileSync(join(directory, 'ssh_config'), notPlain);
  const playbook = emptyPlaybook();
  const { code, stdout, stderr } = await cli('run', playbook);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/ProxyCommand is set for gw-1 [\s\S]*ProxyCommand is set for gw-2 /);
  const limited = await cli('run', playbook, '--limit', 'gw-3');
  expect(limited.stderr).not.toContain('ProxyCommand');
});

test('an omitted host is reported once, by validate as by run, before the first connection', async () => {
  writeFileSync(join(directory, 'ssh_config'), 'Host *\n  PKCS11Provider /lib/token.so\n');
  const { code, stderr } = await cli('inventory', 'validate');
  expect(code).toBe(0);
  expect(stderr).toBe(
    `warning: PKCS11Provider /lib/token.so left out: load the key into an ssh-agent (${join(directory, 'ssh_config')}:2)\n`,
  );
});

test('inventory validate and list run no command of a Match exec, and report it; run does', async () => {
  const ran = join(directory, 'ran');
  const config = join(directory, 'ssh_config');
  writeFileSync(config, `Match exec "touch ${ran}"\n  ProxyCommand nc %h %p\nHost gw_1\n  Port 2022\n`);
  for (const verb of ['validate', 'list']) {
    const { code, stdout, stderr } = await cli('inventory', verb);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `warning: Match exec (${config}:1) does not run its command here and does not match: a run may reach hosts in another way\n`,
    });
    expect(stdout).toContain(verb === 'list' ? 'ops@gw_1:2022' : 'valid');
    expect(existsSync(ran)).toBe(false);
  }
  const { code, stderr } = await cli('run', emptyPlaybook());
  expect(code).toBe(1);
  expect(stderr).toContain('ProxyCommand is set for gw-1');
  expect(existsSync(ran)).toBe(true);
});

test('without an ssh program, hosts that need its configuration are refused in one sentence', async () => {
  writeFileSync(join(directory, 'ssh_config'), 'Host gw_1\n  Port 2022\n');
  const { code, stdout, stderr } = await cliWith({ PATH: directory }, 'inventory', 'list');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain("gw-1, gw-2, gw-3: OpenSSH's configuration has settings that only ssh can interpret");
  expect(stderr.split('install the OpenSSH client').length).toBe(2);
  writeFileSync(join(directory, 'ssh_config'), 'SendEnv LANG\n');
  expect(await cliWith({ PATH: directory }, 'inventory', 'validate')).toMatchObject({ code: 0, stderr: '' });
});
