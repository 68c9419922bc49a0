import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { registryAuth } from '../../../src/docker/registry.ts';
import { sampleArguments } from '../../lab/samplers/argv-sampler.ts';
import { formsOf } from '../../lab/samplers/sentinels.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { LABEL, type RealRegistry, startRegistry } from '../../support/services/real-registry.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

// A whole run pulls from a registry that wants a login, over a real sshd and by the Docker Engine of this machine. The
// login may reach the Engine, and nothing that could be read or kept.

const root = resolve(import.meta.dirname, '../../..');
const HOST = '127.0.1.50';
const PASSWORD = `r3g<&>"$ ${randomBytes(6).toString('hex')}`;
const VARIABLE = 'API7_ORCH_TEST_REGISTRY_PASSWORD';
const REPOSITORY = 'api7/api7-ee-3-gateway';

let sshd: TestSshd;
let registry: RealRegistry;
let directory: string;
let home: string;
/** All that gives the login away. */
let forms: readonly string[];

beforeAll(async () => {
  [sshd, registry] = await Promise.all([
    startSshd({ machines: [HOST] }),
    startRegistry('basic', { username: 'puller', password: PASSWORD }),
  ]);
  directory = temporaryDirectory('login');
  home = join(directory, 'home');
  const { address } = registry;
  const login = { address, username: 'puller', password: Secret.of(PASSWORD) };
  forms = [
    ...formsOf(PASSWORD),
    Buffer.from(`puller:${PASSWORD}`).toString('base64').replace(/=+$/, ''),
    ...Object.values(registryAuth(login)).map((value) => value.replace(/=+$/, '')),
  ];
  await registry.push(REPOSITORY, '3.10.5', 'for a login');
}, 120_000);

function removeImages(): void {
  const filter = ['--all', '--quiet', '--no-trunc', '--filter', `label=${LABEL}`];
  const ids = execFileSync('docker', ['image', 'ls', ...filter], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  if (ids.length > 0) execFileSync('docker', ['rmi', '--force', ...new Set(ids)], { stdio: 'ignore' });
}
beforeEach(() => {
  removeImages();
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
});

afterAll(async () => {
  removeImages();
  await registry[Symbol.asyncDispose]();
  await sshd[Symbol.asyncDispose]();
});

function inventory(): string {
  const path = join(directory, 'inventory.yaml');
  const { address } = registry;
  writeFileSync(
    path,
    `cluster: test
ssh: { user: ${sshd.user}, port: ${sshd.port}, identity_file: ${sshd.identityFile}, known_hosts: ${sshd.knownHosts}, become: sudo }
hosts: { gw-1: { address: ${HOST} } }
groups: { data_plane: { hosts: [gw-1] } }
api7:
  version: "3.10.5"
  registry: ${address}
  registries: { "${address}": { username: puller, password: !env ${VARIABLE} } }
  database: { host: db, user: u, password: "p@ss" }
  gateway: { endpoints: ["http://127.0.0.1:1"], token: a-token }
`,
  );
  return path;
}

interface Ended {
  readonly code: number | null;
  readonly shown: string;
}

async function pull(password: string, words: readonly string[] = []): Promise<Ended> {
  const playbook = 'test/fixtures/playbooks/pull.ts';
  const child = spawn(
    process.execPath,
    ['src/cli/main.ts', 'run', playbook, '-i', inventory(), '--diff', '-v', ...words],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, [VARIABLE]: password },
    },
  );
  let shown = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (shown += chunk));
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  return { code, shown };
}

const revealed = (text: string): readonly string[] => forms.filter((form) => text.includes(form));

const written = (): readonly (readonly [file: string, text: string])[] =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')] as const);

describe.each(['by its forwarded socket', 'through sudo'])('the login of a registry, with Docker %s', (way) => {
  beforeAll(() => {
    if (way === 'through sudo') execFileSync('gpasswd', ['-d', sshd.user, 'docker'], { stdio: 'ignore' });
    else execFileSync('usermod', ['-aG', 'docker', sshd.user]);
  });

  test('is in no argument of any process, in no output and in no file', async () => {
    const shell = async (script: string) => (await promisify(execFile)('sh', ['-c', script], LARGE)).stdout;
    const sampler = await sampleArguments(shell, { name: 'this machine', directory });
    const { code, shown } = await pull(PASSWORD);
    await shell('for i in 1 2 3; do sh -c "sleep 0.06; :" canary-argument; done');
    const { samples, lines } = await sampler.stop();
    expect({ code, shown }).toMatchObject({ code: 0 });
    expect(execFileSync('docker', ['image', 'ls', '--quiet', '--filter', `label=${LABEL}`])).not.toHaveLength(0);
    expect(samples).toBeGreaterThan(20);
    expect(lines.join('\n')).toContain('canary-argument');
    expect(lines.join('\n')).toContain('src/cli/main.ts run');
    expect(revealed(lines.join('\n'))).toEqual([]);
    expect(revealed(shown)).toEqual([]);
    const files = written();
    expect(files.map(([name]) => name)).toContainEqual(expect.stringMatching(/\.ndjson$/));
    for (const [name, text] of files) expect({ name, found: revealed(text) }).toEqual({ name, found: [] });
    // The Engine logs in for one request; it keeps no login.
    const kept = ['/root/.docker/config.json', join(sshd.home, '.docker/config.json')].filter(existsSync);
    for (const path of kept) expect(revealed(readFileSync(path, 'latin1'))).toEqual([]);
  });

  test('that is refused is in no error', async () => {
    const { code, shown } = await pull(`${PASSWORD} wrong`, ['-o', 'json']);
    expect(code).toBe(3);
    expect(shown).toContain('REGISTRY_DENIED');
    expect(revealed(shown)).toEqual([]);
    for (const [name, text] of written()) expect({ name, found: revealed(text) }).toEqual({ name, found: [] });
  });
});

const LARGE = { maxBuffer: 64 << 20 };
