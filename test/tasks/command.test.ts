import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import type { RunOptions } from '../../src/core/host/connection.ts';
import { command } from '../../src/tasks/command.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { plan, ROOT, settle } from './settle.ts';

const params = (raw: unknown): string => {
  try {
    command(raw as never);
    return 'fine';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('command', () => {
  test('creates: runs while the path is missing', async () => {
    const host = new FakeHost({
      name: 'gw-1',
      command: (_, self) => {
        self.files.set('/done', { type: 'file', content: Buffer.from(''), mode: '0644', ...ROOT });
        return {};
      },
    });
    const task = command({ run: ['touch', '/done'], creates: '/done' });
    expect(await settle(task, host)).toEqual({ did: [{ path: 'done', before: false, after: true }], left: [] });
    expect(await settle(task, host)).toEqual({ did: [], left: [] });
    expect(host.writes).toBe(1);
  });

  test('unless: runs while the check fails, in the same directory', async () => {
    const seen: (string | undefined)[] = [];
    let value = 'old';
    const host = new FakeHost({
      name: 'gw-1',
      command: (asked, _self, options) => {
        seen.push(options.cwd);
        if ('argv' in asked) return { code: value === 'new' ? 0 : 1 };
        value = 'new';
        return {};
      },
    });
    const task = command({ run: 'make new', unless: ['is', 'new'], cwd: '/srv' });
    expect(await settle(task, host)).toMatchObject({ did: [{ path: 'done' }], left: [] });
    expect(seen).toEqual(['/srv', '/srv', '/srv']);
  });

  test('unless: a killed check has no result, so it is an error', async () => {
    const host = new FakeHost({ name: 'gw-1', command: () => ({ code: null, signal: 'KILL' }) });
    await expect(plan(command({ run: 'x', unless: 'y' }), host)).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'the "unless" of this command was ended by signal KILL',
    });
  });

  test('always: changed each time, and there is nothing to confirm', async () => {
    const task = command({ run: ['true'], always: true });
    const host = new FakeHost({ name: 'gw-1', command: () => ({}) });
    expect((await settle(task, host)).left).toEqual([{ path: 'done', before: false, after: true }]);
    expect(task.bound.confirmed).toBe(false);
    expect(command({ run: ['true'], creates: '/x' }).bound.confirmed).toBe(true);
    expect(task.type.afterPending).toBe('unknown');
  });

  test('a failing command: exit code, the last 20 lines, a hint', async () => {
    const stderr = Array.from({ length: 30 }, (_, n) => `line ${n + 1}\n`).join('');
    const host = new FakeHost({ name: 'gw-1', command: () => ({ code: 3, stderr, stdout: 'other' }) });
    const error = await settle(command({ run: ['migrate', '--now'], always: true }), host).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'COMMAND_FAILED', message: '"migrate --now" ended with exit code 3' });
    expect(error).toMatchObject({ hint: expect.any(String), details: stderr.trim().split('\n').slice(10).join('\n') });
  });

  test('with an empty stderr its other output is shown', async () => {
    const host = new FakeHost({ name: 'gw-1', command: () => ({ code: 1, stdout: 'no such table\n' }) });
    await expect(settle(command({ run: 'x', always: true }), host)).rejects.toMatchObject({ details: 'no such table' });
  });

  test('stdin and the timeout reach the host', async () => {
    let given: RunOptions = {};
    const host = new FakeHost({
      name: 'gw-1',
      command: (_, _self, options) => {
        given = options;
        return {};
      },
    });
    const stdin = Secret.of('word-on-stdin');
    await settle(command({ run: ['login'], always: true, stdin, timeout: '30s' }), host);
    expect(given).toEqual({ timeoutMs: 30_000, stdin });
  });

  test.each([
    [{ run: ['x'] }, 'needs exactly one of "creates"'],
    [{ run: ['x'], creates: '/a', always: true }, 'needs exactly one of "creates"'],
    [{ run: ['x'], creates: '/a', unless: 'y' }, 'needs exactly one of "creates"'],
    [{ run: ['x'], always: false }, 'always: must be true or left out'],
    [{ run: [], always: true }, 'run: must be a list of words, or a script'],
    [{ run: '  ', always: true }, 'run: must be a list of words, or a script'],
    [{ run: ['x', Secret.of('word-in-argv')], always: true }, 'pass secrets by stdin'],
    [{ run: ['x'], always: true, timeout: 'soon' }, '"soon" is not a duration'],
    [{ run: ['x'], always: true, timeout: '5m' }, 'fine'],
  ])('parameters %j: %s', (raw, message) => {
    expect(params(raw)).toContain(message);
  });

  test.each([
    [{ run: ['ls', '-l /x'], always: true } as const, "command:'ls' '-l /x'", 'command ls -l /x'],
    [{ run: 'set -e\nls\n', always: true } as const, 'command:set -e\nls', 'command set -e…'],
    [{ run: 'long', name: 'short', always: true } as const, 'command:short', 'command short'],
  ])('%j is claimed as %j', (raw, claim, title) => {
    expect([command(raw).claim, command(raw).title]).toEqual([claim, title]);
  });
});
