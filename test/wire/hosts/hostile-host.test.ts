import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import type { ServerChannel } from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all } from '../../lab/all.ts';
import { endlessly, type HostileServer, type Hostility, startHostileServer } from '../../support/ssh/hostile-server.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';
import { sshdInventory } from '../../support/ssh/sshd-inventory.ts';

// One host of ten is hostile. The nine others end as without it, the terminal shows only api7-orch's messages about it, and the
// process stays small.

const root = resolve(import.meta.dirname, '../../..');
const GOOD = Array.from({ length: 9 }, (_, i) => `127.0.1.${31 + i}`);
const BAD = '127.0.1.40';
/** 115 MiB without a hostile host, 32 MiB of a reply, and up to 100 MiB of buffers that wait for a collection. */
const MOST_MIB = 400;
const FORGED = '\u001b[2J\r\nm1 | forged\n\u202e\u009b1m';

let sshd: TestSshd;
let bad: HostileServer;
let inventory: string;
/** The most that a run has held in memory, MiB. */
let largest = 0;

beforeAll(async () => {
  sshd = await startSshd({ sudo: 'none', machines: GOOD });
  bad = await startHostileServer(BAD);
  appendFileSync(sshd.knownHosts, `[${BAD}]:${bad.port} ${bad.hostKey}\n`);
  const hosts: [string, { address: string; port?: number }][] = GOOD.map((address, i) => [`m${i + 1}`, { address }]);
  // Neither the first nor the last of a rolling change.
  hosts.splice(4, 0, ['evil', { address: BAD, port: bad.port }]);
  inventory = sshdInventory(sshd, Object.fromEntries(hosts), { ssh: 'connect_timeout: 20s' });
});
afterAll(async () => {
  console.log(`the largest of the runs had ${Math.round(largest)} MiB`);
  await sshd[Symbol.asyncDispose]();
  await bad[Symbol.asyncDispose]();
});

const SIZE = `process.on('exit', () => require('node:fs').writeSync(2, 'MAXRSS ' + process.resourceUsage().maxRSS + '\\n'))`;

interface Ended {
  readonly code: number | null;
  readonly shown: string;
  readonly mib: number;
}

async function orch(hostility: Hostility, words: readonly string[]): Promise<Ended> {
  bad.hostility = hostility;
  const child = spawn(
    process.execPath,
    [
      '--import',
      `data:text/javascript,import{createRequire}from'node:module';const require=createRequire('/');${encodeURIComponent(SIZE)}`,
      'src/cli/main.ts',
      ...words,
    ],
    {
      cwd: root,
      env: { ...process.env, SSH_AUTH_SOCK: '', NO_COLOR: '1', XDG_STATE_HOME: join(sshd.directory, 'state') },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  const [, kib = 'NaN'] = /MAXRSS (\d+)/.exec(shown) ?? [];
  return { code, shown, mib: Number(kib) / 1024 };
}

/** The expected end of each run. */
function expectHarmless({ code, shown, mib }: Ended): void {
  expect(code).toBeGreaterThan(0);
  expect(shown).toContain('evil');
  expect(shown).not.toMatch(/^m1 \| forged/m);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(shown).not.toMatch(/[\u001b\u0080-\u009f\u202e]/);
  expect(mib).toBeLessThan(MOST_MIB);
  largest = Math.max(largest, mib);
}

async function harmless(hostility: Hostility): Promise<void> {
  const ended = await orch(hostility, ['exec', 'all', '-i', inventory, '--', 'echo', 'well']);
  for (const i of GOOD.keys()) expect(ended.shown).toMatch(new RegExp(`^m${i + 1} \\| well$`, 'm'));
  expectHarmless(ended);
}

/** A rolling change of all ten, each of which has a file in the role of its service. */
async function roll(hostility: Hostility): Promise<Ended & { readonly changed: readonly string[] }> {
  rmSync(served(), { recursive: true, force: true });
  mkdirSync(served());
  execFileSync('chown', [`${sshd.user}:`, served()]);
  const vars = ['-e', `directory=${served()}`, '-e', `owner=${sshd.user}`];
  const playbook = 'test/fixtures/playbooks/served-file.ts';
  const ended = await orch(hostility, ['run', playbook, '-i', inventory, ...vars, '--skip-unreachable']);
  expectHarmless(ended);
  expect(ended.shown).toMatch(/^ *evil +(FAILED|skipped|unreachable)|^[A-Z_]+ on evil$/m);
  return { ...ended, changed: readdirSync(served()).toSorted() };
}

const served = (): string => join(sshd.directory, 'served');
const NAMES = GOOD.map((_, i) => `m${i + 1}`);

const rows: readonly (readonly [string, Hostility])[] = [
  ['prints without end', { command: (channel) => endlessly(channel, `${FORGED}${'x'.repeat(8000)}`) }],
  ['prints one line without end', { command: (channel) => endlessly(channel, 'x'.repeat(32_000)) }],
  [
    'prints errors without end',
    {
      command(channel) {
        const drip = setInterval(() => channel.stderr.writable && channel.stderr.write('e'.repeat(32_000)), 1);
        channel.on('close', () => clearInterval(drip)).on('end', () => clearInterval(drip));
      },
    },
  ],
  ['forges lines and hangs up', { command: (channel) => channel.end(FORGED) }],
  [
    'ends by a signal of its own making',
    {
      command(channel) {
        channel.exit('KILL\nm1 | forged', false, FORGED);
        channel.end();
      },
    },
  ],
  ['accepts no login', { login: (request) => request.reject(['publickey']) }],
  [
    'asks for a password in the name of another',
    {
      login: (request) =>
        request.method === 'keyboard-interactive'
          ? request.prompt([{ prompt: `Password of m1:${FORGED}`, echo: false }], `m1${FORGED}`, FORGED, () =>
              request.reject(),
            )
          : request.reject(['keyboard-interactive']),
    },
  ],
];

/** Obeys until the first of the others is changed. */
function turning(channel: ServerChannel, line: string, hostility: Hostility): void {
  // A process group of its own: the client may kill it.
  const shell = spawn('sh', ['-c', line], { stdio: 'pipe', detached: true });
  channel.pipe(shell.stdin).on('error', () => {});
  shell.stdout.pipe(channel, { end: false });
  shell.stderr.pipe(channel.stderr, { end: false });
  const look = setInterval(() => {
    if (!existsSync(join(served(), 'm1'))) return;
    clearInterval(look);
    shell.stdout.unpipe();
    shell.stderr.unpipe();
    shell.kill('SIGKILL');
    hostility.command?.(channel, line);
  }, 20);
  channel.on('close', () => {
    clearInterval(look);
    shell.kill('SIGKILL');
  });
  shell.on('close', (code) => {
    if (existsSync(join(served(), 'm1'))) return;
    clearInterval(look);
    channel.exit(code ?? 1);
    channel.end();
  });
}

/** A rolling change of ten takes long: one of each kind of words, and of logins; `npm run test:all` shows each. */
const ROLLED = ['prints without end', 'forges lines and hangs up', 'asks for a password in the name of another'];
const rolled = all ? rows : rows.filter(([name]) => ROLLED.includes(name));

describe('a host that', () => {
  test.each(rows)('%s', async (_, hostility) => {
    await harmless(hostility);
  });

  // Before the first change of a node, a host that cannot be read stops a rolling change; an unreachable one is skipped.
  test.each(rolled)('%s, before a rolling change', async (_, hostility) => {
    const { changed } = await roll(hostility);
    expect(changed).toEqual(hostility.login === undefined ? [] : NAMES);
  });

  // Without the one by a signal: the host does not respond from then on, which takes minutes to find out, and is no matter of its
  // words.
  test.each(rolled.filter(([name, { login }]) => login === undefined && !name.includes('signal')))(
    '%s, in the middle of a rolling change',
    async (_, hostility) => {
      const { changed, shown } = await roll({ command: (channel, line = 'sh') => turning(channel, line, hostility) });
      expect(changed).toEqual(NAMES);
      for (const name of NAMES) expect(shown).toMatch(new RegExp(`^ *${name} +done`, 'm'));
    },
  );
});

test.each(
  fc
    .sample(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { numRuns: all ? 50 : 3, seed: 7 })
    .map((bytes, i) => [i, bytes] as const),
)('a host that replies with nonsense, number %i', async (_, bytes) => {
  await harmless({ command: (channel) => channel.end(Buffer.from(bytes)) });
});
