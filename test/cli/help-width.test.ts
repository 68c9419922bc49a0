import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { program } from '../../src/cli/program.ts';

const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];
const pathOf = (command: Command): string =>
  [...(command.parent === null ? [] : [pathOf(command.parent)]), command.name()].join(' ');

test.each(all(program()).map((command) => [pathOf(command), command] as const))(
  '%s --help fits a terminal of 80 columns',
  (_, command) => {
    command.configureOutput({ getOutHelpWidth: () => 80 });
    expect(
      command
        .helpInformation()
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  },
);
