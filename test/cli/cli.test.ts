import { describe, expect, test } from 'vitest';
import { lineSplitter } from '../../src/cli/line-splitter.ts';
import { parseExtraVars } from '../../src/cli/run/extra-vars.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { inProcess, started } from './command-line.ts';

const example = ['-i', 'inventory.example.yaml'];

describe('refused before the first connection, with exit code 1', () => {
  const refuses = ({ code, stdout, stderr }: Awaited<ReturnType<typeof started>>, message: RegExp): void => {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  };

  test.each<[string, readonly string[], RegExp]>([
    ['no inventory', ['run', 'install'], /required option '-i, --inventory <file>'/],
    ['an inventory that is not there', ['run', 'install', '-i', 'nowhere.yaml'], /INVENTORY_UNREADABLE.*nowhere\.yaml/],
    [
      'a file without a playbook',
      ['run', 'test/fixtures/playbooks/no-playbook.ts', ...example],
      /PLAYBOOK_INVALID.*default export/,
    ],
    [
      'a playbook that Node cannot read',
      ['run', 'test/fixtures/playbooks/broken-syntax.ts', ...example],
      /PLAYBOOK_INVALID[\s\S]*no enum/,
    ],
  ])('%s', async (_name, words, message) => refuses(await started(...words), message));

  test.each<[string, readonly string[], RegExp]>([
    ['an unknown verb', ['instal'], /unknown command 'instal'/],
    [
      'an unknown playbook',
      ['run', 'instal', ...example],
      /PLAYBOOK_NOT_FOUND.*"instal"[\s\S]*built in: adopt-forget, control-plane-restart, install/,
    ],
    ['a limit that matches no host', ['run', 'install', ...example, '-l', 'gw-9'], /NO_HOSTS_MATCHED.*gw-9/],
    [
      'a limit on forks that is no number',
      ['run', 'install', ...example, '-f', 'many'],
      /--forks takes a whole number/,
    ],
    ['a variable without "="', ['run', 'install', ...example, '-e', 'oops'], /EXTRA_VARS.*oops/],
    ['exec without a command', ['exec', 'all', ...example], /no command was given/],
  ])('%s', async (_name, words, message) => refuses(await inProcess(...words), message));
});

test('--help and --version are inert', async () => {
  expect(await started('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  const help = { code: 0, stdout: expect.stringContaining('Usage:'), stderr: '' };
  expect(await started('--help')).toMatchObject(help);
  for (const verb of [['run'], ['exec'], ['inventory'], ['inventory', 'list']])
    expect(await inProcess(...verb, '--help')).toMatchObject(help);
});

test('inventory list shows hosts as they were parsed, without secrets', async () => {
  const { code, stdout } = await started('inventory', 'list', 'data_plane', ...example);
  expect(code).toBe(0);
  expect(stdout.split('\n')[1]).toMatch(/^gw-1\s+10\.0\.2\.21\s+ops@10\.0\.2\.21:22\s+a\s/);
  expect((await inProcess('inventory', 'list', '-o', 'json', ...example)).stdout).not.toContain('x-pass-1');
});

test('inventory validate reports success', async () => {
  expect(await inProcess('inventory', 'validate', ...example)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/: valid: cluster "prod", 7 hosts[\s\S]*\nhint: set api7\.gateway\.probe /),
  });
});

test('variables: texts, JSON, the later one wins', () => {
  expect(parseExtraVars(['a=1', 'b=x=y', '{"a": 2, "c": [true]}'])).toEqual({ a: 2, b: 'x=y', c: [true] });
});

test('streamed output is cut into lines, and a secret that is split over two chunks is masked', () => {
  Secret.of('split-secret-value');
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line));
  for (const chunk of ['one\r\ntw', 'o\n\nthe split-sec', 'ret-value!\nend']) splitter.push(chunk);
  splitter.end();
  expect(lines).toEqual(['one', 'two', '', 'the ***!', 'end']);
});

test('the part of a line beyond the limit is counted and left out, in chunks of any size', () => {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line), 10);
  for (const chunk of ['0123456789\n01234', '567', '89a', 'bc\r\nshort\r\n', '0123456789ab']) splitter.push(chunk);
  splitter.end();
  expect(lines).toEqual([
    '0123456789',
    '0123456789… (line cut: 4 more characters)',
    'short',
    '0123456789… (line cut: 2 more characters)',
  ]);
});
