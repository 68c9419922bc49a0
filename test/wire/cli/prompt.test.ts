import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyPair } from '../../support/ssh/ssh-keys.ts';
import { locked, startSshd, type TestSshd } from '../../support/ssh/sshd.ts';
import { sshdInventory } from '../../support/ssh/sshd-inventory.ts';

const root = resolve(import.meta.dirname, '../../..');
const ADDRESSES = ['127.0.1.21', '127.0.1.22', '127.0.1.23'];
const PASSWORD = 'open-sesame';
let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd({
    sudo: 'none',
    config: ['PasswordAuthentication yes'],
    machines: ADDRESSES,
  });
  const hash = execFileSync('openssl', ['passwd', '-6', PASSWORD], { encoding: 'utf8' }).trim();
  locked('usermod', ['-p', hash, sshd.user]);
});
afterAll(() => sshd[Symbol.asyncDispose]());

/** An inventory of three hosts. */
const inventory = (identityFile: string): string =>
  sshdInventory(sshd, Object.fromEntries(ADDRESSES.map((address, index) => [`h${index}`, { address }])), {
    identityFile,
  });

/** Starts the command at a terminal of its own. */
function atTerminal(...args: readonly string[]): {
  readonly shown: () => string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
} {
  const orch = [process.execPath, 'src/cli/main.ts', ...args].map((word) => `'${word}'`).join(' ');
  // Reports how it ended, and the state of the terminal.
  const command = `sh -c 'echo "pid $$"; exec "$@"' - ${orch}; code=$?; echo "code $code"; stty -a; exit $code`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: root,
    env: { ...process.env, SSH_AUTH_SOCK: '', NO_COLOR: '1', XDG_STATE_HOME: join(sshd.directory, 'state') },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let shown = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { shown: () => shown, child, ended };
}
const count = (text: string, part: string): number => text.split(part).length - 1;

test('the password is asked for once, not shown, and opens all hosts', async () => {
  const otherKey = keyPair(join(sshd.directory, 'strange'));
  const { shown, child, ended } = atTerminal('exec', 'all', '-k', '-i', inventory(otherKey), '--', 'id', '-un');
  await expect.poll(shown, { timeout: 20_000 }).toContain('SSH password: ');
  child.stdin?.write(`${PASSWORD}\r`);
  expect(await ended).toBe(0);
  expect(count(shown(), `| ${sshd.user}`)).toBe(3);
  expect(count(shown(), 'SSH password: ')).toBe(1);
  expect(shown()).not.toContain(PASSWORD);
});

test('a passphrase is asked for when a host accepts the key, once for all', async () => {
  const key = keyPair(join(sshd.directory, 'locked'), { passphrase: 'a phrase' });
  const authorized = `${sshd.identityFile}.pub`;
  writeFileSync(authorized, `${readFileSync(authorized, 'utf8').trimEnd()}\n${readFileSync(`${key}.pub`, 'utf8')}`);
  const { shown, child, ended } = atTerminal('exec', 'all', '-i', inventory(key), '--', 'id', '-un');
  const prompt = `passphrase of the key ${key}: `;
  await expect.poll(shown, { timeout: 20_000 }).toContain(prompt);
  child.stdin?.write('wrong\r');
  await expect.poll(shown, { timeout: 20_000 }).toContain(`that was wrong; ${prompt}`);
  child.stdin?.write('a phrase\r');
  expect(await ended).toBe(0);
  expect(count(shown(), `| ${sshd.user}`)).toBe(3);
  expect(count(shown(), prompt)).toBe(2);
  expect(shown()).not.toContain('a phrase');
});

test('Ctrl-C at a question ends the run as an interrupted one', async () => {
  const otherKey = keyPair(join(sshd.directory, 'strange'));
  const { shown, child, ended } = atTerminal('exec', 'all', '-i', inventory(otherKey), '--', 'id', '-un');
  await expect.poll(shown, { timeout: 20_000 }).toContain(`password of ${sshd.user}: `);
  child.stdin?.write('\u0003');
  expect(await ended).toBe(6);
  expect(shown()).toContain('interrupted');
});

const pidIn = (text: string): number => Number(/pid (\d+)/.exec(text)?.[1]);

test.each([
  ['SIGTERM', [], 'code 6'],
  ['SIGHUP', [], 'code 6'],
  // Before the run begins a signal has its usual effect.
  ['SIGTERM', ['-k'], 'code 143'],
] as const)('%s at a question, with %j, ends it, and the terminal is as it was', async (signal, flags, code) => {
  const otherKey = keyPair(join(sshd.directory, 'strange'));
  const { shown, ended } = atTerminal('exec', 'h0', ...flags, '-i', inventory(otherKey), '--', 'id', '-un');
  await expect.poll(shown, { timeout: 30_000 }).toMatch(/password(?: of \S+)?: $/);
  process.kill(pidIn(shown()), signal);
  await ended;
  expect(shown()).toContain(code);
  expect(shown()).toMatch(/\bicanon\b/);
  expect(shown()).toMatch(/[^-]echo\b/);
});

test('a terminal whose window is closed: the running command ends, no new one begins, and the journal records it', async () => {
  const here = join(sshd.directory, 'closing');
  mkdirSync(here);
  const [first, second] = [join(here, 'first'), join(here, 'second')];
  writeFileSync(
    join(here, 'slow.mts'),
    `import { command, definePlaybook, play } from 'api7-orch';
export default definePlaybook({
  name: 'slow',
  description: 'Two commands.',
  *plays() {
    yield* play({
      name: 'Slow',
      hosts: 'h0',
      *tasks() {
        yield command({ run: 'sleep 4; touch ${first}', creates: '${first}', impact: 'none' });
        yield command({ run: 'touch ${second}', creates: '${second}', impact: 'none' });
      },
    });
  },
});
`,
  );
  execFileSync('chmod', ['777', here]);
  const { shown, child, ended } = atTerminal('run', join(here, 'slow.mts'), '-v', '-i', inventory(sshd.identityFile));
  await expect.poll(shown, { timeout: 30_000 }).toContain('plan: 2 changes');
  const pid = pidIn(shown());
  await new Promise((resolve) => setTimeout(resolve, 1500));
  child.kill('SIGKILL');
  await ended;
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 30_000 }).toBe(false);
  expect([existsSync(first), existsSync(second)]).toEqual([true, false]);
  const runs = join(sshd.directory, 'state/api7-orch/runs');
  const journal = readdirSync(runs).find((name) => name.includes('-slow-')) ?? '';
  const events = readFileSync(join(runs, journal), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({ type: 'run.end', outcome: 'interrupted', exitCode: 6 });
});

test('without a terminal there is no question, and the hint is shown', async () => {
  const otherKey = keyPair(join(sshd.directory, 'strange'));
  const run = (...args: readonly string[]) =>
    new Promise<{ readonly code: number | null; readonly text: string }>((done) => {
      const child = spawn('setsid', ['-w', process.execPath, 'src/cli/main.ts', ...args], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
      child.once('close', (code) => done({ code, text }));
    });
  const asked = await run('exec', 'all', '-k', '-i', inventory(otherKey), '--', 'true');
  expect(asked).toMatchObject({ code: 1, text: expect.stringContaining('NO_TERMINAL') });
  const tried = await run('exec', 'h0', '-i', inventory(otherKey), '--', 'true');
  expect(tried).toMatchObject({ code: 3, text: expect.stringMatching(/CONNECT_AUTH_FAILED[\s\S]*--ask-pass/) });
});
