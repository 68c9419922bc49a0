import type { Command } from 'commander';
import { inventoryOption, withLogin, withReport } from '../options.ts';
import { exit } from '../uncaught.ts';

/** The commands of `lock`. */
export function lockCommands(root: Command): void {
  const lock = root.command('lock').description('show which runs lock hosts; ask them to stop');
  withReport(
    lock
      .command('show [pattern]')
      .description('show who locks each host, since when, and the last sign of life')
      .addOption(inventoryOption()),
  ).action(async (pattern, options) => exit(await (await import('./show.ts')).lockShow(pattern ?? 'all', options)));
  withLogin(
    lock
      .command('break [pattern]')
      .description('ask the runs that lock these hosts to stop at a safe point, and wait for that')
      .addOption(inventoryOption())
      .requiredOption('--reason <text>', 'reason; the run shows it')
      .option('--now', 'end the runs at once: nodes may stay drained')
      .option('--wait <duration>', 'how long the runs are waited for', '10m')
      .option('-f, --forks <n>', 'hosts processed in parallel', '50'),
  ).action(async (pattern, options) => exit(await (await import('./break.ts')).lockBreak(pattern ?? 'all', options)));
}
