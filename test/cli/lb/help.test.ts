import { expect, test } from 'vitest';
import { inProcess } from '../command-line.ts';

test.each([[['status']], [['lb']], [['lb', 'status']], [['lb', 'drain']], [['lb', 'restore']], [['lb', 'doctor']]])(
  '%j --help is inert',
  async (verb) => {
    expect(await inProcess(...verb, '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Usage: api7-orch ${verb.join(' ')}`),
      stderr: '',
    });
  },
);

test.each<[string, readonly string[], RegExp]>([
  ['a drain without a reason', ['lb', 'drain', 'gw-1'], /required option '--reason <text>'/],
  ['a drain without a node', ['lb', 'drain', '--reason', 'x'], /missing required argument 'nodes'/],
  ['a restore without a node', ['lb', 'restore'], /USAGE: no node was named/],
  [
    'a drain of a balancer',
    ['lb', 'drain', 'lb-1', '--reason', 'x'],
    /USAGE: lb-1 is not a member of any managed pool/,
  ],
  ['the status of a balancer', ['status', 'lb-1'], /NO_HOSTS_MATCHED[\s\S]*api7-orch lb status/],
  ['a form that is none', ['status', '-o', 'tty'], /'tty' is invalid/],
])('%s is refused before the first connection, with exit code 1', async (_name, args, message) => {
  const { code, stdout, stderr } = await inProcess(...args, '-i', 'inventory.example.yaml');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});
