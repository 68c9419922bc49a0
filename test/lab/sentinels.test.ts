import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all } from './all.ts';
import { inventoryWith } from './config/inventory-with.ts';
import type { Lab } from './lab.ts';
import { paths } from './paths.ts';
import { hostNames, hostsOf } from './plan/lab-file.ts';
import { argvSampler, type SeenArguments } from './samplers/argv-sampler.ts';
import { formsOf, sentinels, shownIn } from './samplers/sentinels.ts';
import { ownLab } from './scenes/test-lab.ts';

// Thirty secrets pass through an install, a failing rolling change, exec and status. They may be in the files that hold them, and
// nowhere else: a host prints them, and the output has none; a process that has one in its arguments for 20 ms is found.

const QUICK = join(import.meta.dirname, 'faults/impatient-install.ts');
const directory = join(paths.cache, 'labs/sentinels');
/** The home directory of the runs, and everything that they write on this machine. */
const home = join(directory, 'home');
const text = (i: number): string => sentinels[i]?.text ?? '';

/** Those of the configuration files; the first four have other places. */
const configured = sentinels.slice(4);
const service = (i: number) => (['gateway', 'dashboard', 'dp_manager'] as const)[i % 3] ?? 'gateway';
const variable = (name: string): string => `SENTINEL_${name.toUpperCase()}`;

interface Screen {
  readonly code: number | null;
  readonly shown: string;
}

describe.runIf(all)('thirty secrets', () => {
  let lab: Lab;
  let inventory: string;
  let argv: Readonly<Record<string, SeenArguments>>;
  const screens = new Map<string, Screen>();
  const on = async (host: string, script: string): Promise<string> => (await lab.exec(host, script)).out;

  async function run(title: string, words: readonly string[], onTerminal = false): Promise<Screen> {
    const argv = [process.execPath, 'src/cli/main.ts', ...words];
    const line = argv.map((word) => `'${word}'`).join(' ');
    const child = onTerminal
      ? spawn('script', ['-qec', line, '/dev/null'], options())
      : spawn(argv[0] ?? '', argv.slice(1), options());
    let shown = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (shown += chunk));
    const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
    screens.set(title, { code, shown });
    return { code, shown };
  }
  const options = () => ({
    cwd: paths.root,
    stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: join(home, 'tmp'),
      NODE_COMPILE_CACHE: join(paths.cache, 'compile'),
      ...Object.fromEntries(sentinels.map((one) => [variable(one.name), one.text])),
    },
  });

  beforeAll(async () => {
    const secrets = join(directory, 'secrets');
    mkdirSync(secrets, { recursive: true, mode: 0o700 });
    rmSync(home, { recursive: true, force: true });
    mkdirSync(join(home, 'tmp'), { recursive: true });
    // The lab keeps existing secrets.
    writeFileSync(join(secrets, 'db-password'), `${text(0)}\n`, { mode: 0o600 });
    writeFileSync(join(secrets, 'gateway-token'), `${text(1)}\n`, { mode: 0o600 });
    for (const { name, text } of sentinels) writeFileSync(join(secrets, name), `${text}\n`, { mode: 0o600 });
    lab = await ownLab('labs/sentinels', { size: { controlPlane: 2, dataPlane: 2, loadBalancers: 1 } });
    await lab.reset();
    const blocks = ['gateway', 'dashboard', 'dp_manager'].map((block) => {
      const values = configured.flatMap(({ name }, i) => {
        if (service(i) !== block) return [];
        return [
          i % 2 === 0
            ? `          ${name}: !file secrets/${name}\n`
            : `          password_${name}: !env ${variable(name)}\n`,
        ];
      });
      return `    ${block}:\n      plugin_attr:\n        sentinels:\n${values.join('')}`;
    });
    inventory = await inventoryWith(lab, 'sentinels', (text) =>
      text
        .replace('  become: sudo\n', '  become: sudo\n  become_password: !file secrets/s2\n')
        .replace(
          '  gateway:\n',
          `  registries:\n    registry.example.com: { username: puller, password: !env ${variable('s3')} }\n  config:\n${blocks.join('')}  gateway:\n`,
        ),
    );
    const wrong = await inventoryWith(lab, 'wrong-token', () =>
      readFileSync(inventory, 'utf8').replace('secrets/gateway-token', 'secrets/s27'),
    );

    const sampler = await argvSampler(lab);
    const quick = ['-e', 'soak=0s'];
    await run('check of an install', ['run', 'install', '-i', inventory, ...quick, '--check', '--diff', '-v']);
    await run('install at a terminal', ['run', 'install', '-i', inventory, ...quick, '--diff', '-v'], true);
    await run('failing roll', ['run', QUICK, '-i', wrong, ...quick, '--diff', '-v']);
    await run('failing roll again, as JSON', ['run', QUICK, '-i', wrong, ...quick, '--diff', '-o', 'json']);
    const print = 'cat /opt/api7/*.yaml /opt/api7/gateway_conf/config.yaml; docker inspect $(docker ps -aq); env';
    await run('exec', ['exec', 'all', '-b', '-i', inventory, '--', print]);
    await run('exec as JSON', ['exec', 'all', '-b', '-i', inventory, '-o', 'json', '--', print]);
    await run('status', ['status', '-i', inventory]);
    await run('status as JSON', ['status', '-i', inventory, '-o', 'json']);
    await run('lb status as JSON', ['lb', 'status', '-i', inventory, '-o', 'json']);
    await run('repair', ['run', 'install', '-i', inventory, ...quick, '--diff', '-v']);
    // Shows that the samplers see what lasts for a moment.
    await Promise.all(
      hostNames(lab.file).map((name) =>
        lab.exec(name, 'for i in 1 2 3; do sh -c "sleep 0.06; :" canary-argument; done'),
      ),
    );
    argv = await sampler.stop();
  }, 3_000_000);
  afterAll(() => lab?.down());

  test('reach the places that need them: all runs end as expected', () => {
    expect(Object.fromEntries([...screens].map(([title, { code }]) => [title, code]))).toEqual({
      'check of an install': 0,
      'install at a terminal': 0,
      // The node is undone to its earlier version.
      'failing roll': 4,
      'failing roll again, as JSON': 4,
      exec: expect.any(Number),
      'exec as JSON': expect.any(Number),
      status: 0,
      'status as JSON': 0,
      'lb status as JSON': 0,
      repair: 0,
    });
  });

  test('are in no output, as text, on a terminal or as JSON', () => {
    expect(screens.get('exec')?.shown).toContain('sentinels');
    for (const [title, { shown }] of screens)
      expect({ title, secrets: shownIn(shown) }).toEqual({ title, secrets: [] });
  });

  test('are in no journal, cache or temporary file of this machine', () => {
    const files = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.filter((file) => file.endsWith('.ndjson')).length).toBeGreaterThan(3);
    for (const file of files) {
      const secrets = shownIn(readFileSync(file, 'latin1')).concat(shownIn(readFileSync(file, 'utf8')));
      expect({ file: relative(home, file), secrets }).toEqual({ file: relative(home, file), secrets: [] });
    }
  });

  test('are in no argument of any process on any host', () => {
    for (const [host, { samples, lines }] of Object.entries(argv)) {
      expect(samples).toBeGreaterThan(200);
      expect(lines.join('\n')).toContain('canary-argument');
      expect({ host, secrets: shownIn(lines.join('\n')) }).toEqual({ host, secrets: [] });
    }
  });

  test('are in no label of any container', async () => {
    for (const host of [...hostsOf(lab.file, 'control_plane'), ...hostsOf(lab.file, 'data_plane')]) {
      const labels = await on(host, "docker inspect -f '{{json .Config.Labels}}' $(docker ps -aq)");
      expect(labels).toContain('api7-orch.spec');
      expect({ host, secrets: shownIn(labels) }).toEqual({ host, secrets: [] });
    }
  });

  test('are in the files that must hold them, and in no other file of a host', async () => {
    // The permitted content of a line of a file. Image layers are older than the secrets, and PostgreSQL keeps digests.
    const patterns = sentinels.flatMap((one) => formsOf(one.text)).filter((form) => !/[\r\n]/.test(form));
    const list = Buffer.from(`${patterns.join('\n')}\n`).toString('base64');
    const search = `echo ${list} | base64 -d | grep -raslF -f - / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev \
      --exclude-dir=overlay2 --exclude-dir=image --exclude-dir=containerd --exclude-dir=share --exclude-dir=lib64 --exclude-dir=bin --exclude-dir=postgresql --exclude-dir=lab \
      --exclude-dir=perl-base --exclude-dir=x86_64-linux-gnu --exclude-dir=package --exclude-dir=control-plane-package --exclude-dir=data-plane-package --exclude-dir=sbin`;
    const container = /^\/var\/lib\/docker\/containers\/[0-9a-f]{64}\/config\.v2\.json$/;
    const homes: Readonly<Record<string, (file: string) => boolean>> = {
      gw: (file) =>
        file === '/opt/api7/gateway_conf/config.yaml' ||
        // The files for undoing a gateway: its settings and its files, for root alone.
        file === '/var/lib/api7-orch/previous/api7-gateway.json' ||
        container.test(file),
      cp: (file) => /^\/opt\/api7\/(dashboard|dp-manager)-config\.yaml$/.test(file),
    };
    for (const host of hostNames(lab.file)) {
      const files = (await on(host, search)).split('\n').filter(Boolean);
      const mayHold = homes[host.slice(0, 2)] ?? (() => false);
      expect({ host, files: files.filter((file) => !mayHold(file)) }).toEqual({ host, files: [] });
      expect(files.length).toBeGreaterThanOrEqual(homes[host.slice(0, 2)] === undefined ? 0 : 2);
    }
    const gateway = await on('gw-1', 'cat /opt/api7/gateway_conf/config.yaml');
    const held = configured.filter((_, i) => service(i) === 'gateway').map(({ name }) => name);
    expect(gateway.match(/s\d+(?=:)/g)?.map(String)).toEqual(held);
  });
});
