import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { builtInNames, isPlaybookPath, loadPlaybook } from '../../src/cli/load-playbook.ts';
import { program } from '../../src/cli/program.ts';
import { commandLines, inlineCommands, shellWords } from './command-lines.ts';
import { inlineCodeOf, PAGES } from './pages.ts';

const root = new URL('../../', import.meta.url).pathname;
const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;

const commandsBelow = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(commandsBelow)];

/** The real command line, but no command runs. */
function parser(): Command {
  const whole = program();
  for (const command of commandsBelow(whole)) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
  }
  return whole;
}

/** Why api7-orch would refuse these words; undefined: it runs. */
function refusalOf(words: readonly string[]): { readonly code: string; readonly message: string } | undefined {
  try {
    parser().parse([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && !/^commander\.(helpDisplayed|version)$/.test(error.code)) return error;
    return undefined;
  }
}

/** `-i INVENTORY` is required, but a line in the text may leave it out. */
const INCOMPLETE = new Set(['commander.missingArgument', 'commander.missingMandatoryOptionValue', 'commander.help']);

const API7_ORCH = /(?:(?:npm run -s orch --)|api7-orch)/;

describe.each(PAGES)('%s', (page) => {
  test('the command lines of its code blocks are accepted by api7-orch', () => {
    const refused = commandLines(page, API7_ORCH).flatMap(({ place, words }) => {
      const refusal = refusalOf(words);
      return refusal === undefined ? [] : [`${place}: ${words.join(' ')}: ${refusal.message}`];
    });
    expect(refused).toEqual([]);
  });

  test('the command lines in its text name verbs and flags that exist', () => {
    const refused = inlineCommands(page, 'api7-orch').flatMap(({ words }) => {
      const refusal = refusalOf(words);
      return refusal === undefined || INCOMPLETE.has(refusal.code) ? [] : [`${words.join(' ')}: ${refusal.message}`];
    });
    expect(refused).toEqual([]);
  });

  test('the flags in its text are flags of api7-orch or of a program that it names', () => {
    const own = commandsBelow(program()).flatMap(({ options }) => options.flatMap(({ long }) => long ?? []));
    const known = new Set([...own, '--help', ...OTHERS]);
    const flags = inlineCodeOf(page).flatMap((code) => code.match(/(?<![\w-])--[a-z][\w-]*/g) ?? []);
    expect(flags.filter((flag) => !known.has(flag))).toEqual([]);
  });

  test('the npm scripts, test files and scripts that its code blocks run exist', () => {
    for (const { place, words } of commandLines(page, /npm run(?: -s)?/))
      expect(scripts, place).toHaveProperty(words[0] ?? '');
    for (const { place, words } of commandLines(page, /npx vitest run/))
      for (const path of words.filter((word) => word.startsWith('test/')))
        expect(globSync(`${path}*`, { cwd: root }), `${place}: ${path}`).not.toEqual([]);
    for (const { place, words } of commandLines(page, /node/))
      expect(existsSync(join(root, words[0] ?? '')), `${place}: ${words[0]}`).toBe(true);
  });

  test('the variables that it sets are variables of the built-in playbooks', async () => {
    const runs = [...commandLines(page, API7_ORCH), ...inlineCommands(page, 'api7-orch')].filter(
      ({ words }) => words[0] === 'run' && words[1] !== undefined && !isPlaybookPath(words[1]),
    );
    for (const { place, words } of runs) {
      const [, name = ''] = words;
      expect(builtInNames(), place).toContain(name);
      const { playbook } = await loadPlaybook(name);
      const schema = playbook.vars as z.ZodType | undefined;
      const given = words.flatMap((word, at) => (words[at - 1] === '-e' ? [word.split('=')] : []));
      const vars = Object.fromEntries(given.map(([key = '', value = '']) => [key, value === 'TIME' ? NOW : value]));
      expect(schema?.safeParse(vars).error?.issues ?? [], `${place}: ${words.join(' ')}`).toEqual([]);
    }
  });
});

const NOW = '2026-11-29T15:47:55.000Z';

/** Flags of other programs that the pages name. */
const OTHERS: readonly string[] = [
  '--web.enable-remote-write-receiver', // Prometheus
  '--web', // the same, as the pattern sees it
  '--external-memory-accounted-in-global-limit', // V8
  '--privileged', // Docker
  '--rm',
  '--network',
  '--device',
  '--gpus',
  '--cap-add',
  '--user',
  '--init',
  '--tmpfs',
  '--down', // npm run demo
  '--minutes', // npm run fuzz
  '--list', // npm run test:all
  '--save', // npm run bench
  '--balancer', // npm run lab
  '--control-plane',
  '--data-plane',
  '--load-balancers',
  '--edge-gateways',
  '--project', // vitest
];

test('the pages have command lines to check', () => {
  const all = PAGES.flatMap((page) => commandLines(page, API7_ORCH));
  expect(all.length).toBeGreaterThan(40);
  expect(all.map(({ words }) => words[0])).toEqual(expect.arrayContaining(['check', 'run', 'lb', 'resume', 'exec']));
});

test('the words of a shell line are those of its first command', () => {
  expect(shellWords("exec all -i prod.yaml -- 'df -h / | tail -1' # why")).toEqual([
    'exec',
    'all',
    '-i',
    'prod.yaml',
    '--',
    'df -h / | tail -1',
  ]);
  expect(shellWords('run install; echo done')).toEqual(['run', 'install']);
});

test.each([
  ['an unknown flag', ['run', 'install', '-i', 'prod.yaml', '--chek']],
  ['an unknown verb', ['lb', 'undrain', 'gw-1']],
  ['a missing reason', ['lb', 'drain', 'gw-1', '-i', 'prod.yaml']],
])('the parser refuses %s', (_, words) => {
  expect(refusalOf(words)).toBeDefined();
});
