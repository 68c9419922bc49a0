import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { BUILT_IN } from '../../src/cli/arguments.ts';
import { builtInNames, loadPlaybook } from '../../src/cli/load-playbook.ts';
import { program } from '../../src/cli/program.ts';
import { inProcess } from './command-line.ts';

const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];

test('every argument of every command is explained', () => {
  const found = all(program()).flatMap((command) =>
    command.registeredArguments.map((argument) => [`${command.name()} ${argument.name()}`, argument.description]),
  );
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter(([, text]) => text === '')).toEqual([]);
});

test('a mistyped word points to the help of its own command', async () => {
  const { stderr } = await inProcess('lb', 'drain', '-i', 'inventory.example.yaml', '--reason', 'x');
  expect(stderr).toContain('(see api7-orch lb drain --help)');
});

test('a mistyped playbook gets the one that is meant', async () => {
  await expect(loadPlaybook('instal')).rejects.toMatchObject({
    code: 'PLAYBOOK_NOT_FOUND',
    message: 'there is no playbook "instal"; did you mean "install"?',
  });
  await expect(loadPlaybook('zzz')).rejects.toMatchObject({
    message: 'there is no playbook "zzz"',
    hint: expect.stringContaining('built in: '),
  });
});

test('adopt forget drains no node, and its help has no option about that', () => {
  const adopt = program().commands.find((command) => command.name() === 'adopt');
  const help = adopt?.commands.find((command) => command.name() === 'forget')?.helpInformation() ?? '';
  for (const flag of ['--check', '--limit', '--skip-unreachable', '--lock-wait']) expect(help).toContain(flag);
  for (const flag of ['--include-held', '--without-lb', '--reason', '--yes-outage', '--on-hold', '--on-failure'])
    expect(help).not.toContain(flag);
});

test('run --help names every built-in playbook without a verb of its own', () => {
  expect([...BUILT_IN, 'adopt-forget', 'rollback'].toSorted()).toEqual([...builtInNames()].toSorted());
  const run = program().commands.find((command) => command.name() === 'run');
  expect(run?.helpInformation().replace(/\s+/g, ' ')).toContain(`built in: ${BUILT_IN.join(', ')};`);
});

test('a pattern that may be left out has its default, unless the command then does something else', () => {
  const optional = all(program()).flatMap((command) =>
    command.registeredArguments
      .filter((argument) => argument.name() === 'pattern' && !argument.required)
      .map(({ description }) => [command.name(), description.endsWith('(default: all)')] as const),
  );
  expect(optional.filter(([, has]) => !has)).toEqual([['rollback', false]]);
});
