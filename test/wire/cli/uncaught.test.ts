import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runNode } from '../../support/base/run-node.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';
import { sshdInventory } from '../../support/ssh/sshd-inventory.ts';

const root = resolve(import.meta.dirname, '../../..');
const SECRET = 'open-sesame';
let sshd: TestSshd;
let inventory: string;
beforeAll(async () => {
  sshd = await startSshd({ sudo: 'none', machines: ['127.0.1.21'] });
  const hosts = { h1: { address: '127.0.0.1' }, h2: { address: '127.0.1.21' } };
  inventory = sshdInventory(sshd, hosts, { databasePassword: SECRET });
});
afterAll(() => sshd[Symbol.asyncDispose]());

describe.each(['timer', 'rejection', 'flood'])('an error that nothing catches, by a %s', (bug) => {
  test('stops the run, which records its end, and the exit code marks it as a bug', async () => {
    const state = join(sshd.directory, `state-${bug}`);
    const done = join(sshd.directory, `done-${bug}`);
    const { code, stdout, stderr } = await runNode(
      [
        'src/cli/main.ts',
        'run',
        'test/fixtures/playbooks/bugs.ts',
        '-i',
        inventory,
        '-e',
        `bug=${bug}`,
        '-e',
        `done=${done}`,
      ],
      { cwd: root, env: { ...process.env, SSH_AUTH_SOCK: '', NO_COLOR: '1', XDG_STATE_HOME: state } },
    );
    expect(code, stderr).toBe(70);
    // The running command has finished.
    expect(existsSync(done)).toBe(true);

    const runs = join(state, 'api7-orch', 'runs');
    const [journal = ''] = readdirSync(runs);
    const events = readFileSync(join(runs, journal), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({
      type: 'run.end',
      outcome: 'internal',
      exitCode: 70,
      errors: [{ code: 'INTERNAL' }],
    });

    expect(stderr).toContain('error INTERNAL: ');
    expect(stderr).toContain(
      `this is a bug in api7-orch, please report it; the run is recorded in ${join(runs, journal)}`,
    );
    expect(stdout).toContain('INTERNAL ERROR: ');
    expect(stdout).toContain('please report this, with:');
    const all = stdout + stderr + JSON.stringify(events);
    expect(all).not.toContain(SECRET);
    expect(stdout + stderr).not.toContain('\u001b');
  });
});
