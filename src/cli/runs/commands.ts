import type { Command } from 'commander';
import { inventoryOption, optionalInventoryOption, withLogin, withReport } from '../options.ts';
import { exit } from '../uncaught.ts';

/** The commands of `runs`. */
export function runsCommands(root: Command): void {
  const runs = root.command('runs').description('list, show and stop runs; with -i also those of others');
  withReport(
    runs
      .command('list')
      .description('list the latest runs; with -i those of this cluster, also those recorded on hosts')
      .addOption(optionalInventoryOption())
      .option('--all', 'list all runs'),
  ).action(async (options) => exit(await (await import('./list.ts')).runsList(options)));
  withReport(
    runs
      .command('show <run>')
      .description('show one run: its command, its nodes, how to resume it')
      .addOption(optionalInventoryOption()),
  ).action(async (run, options) => exit(await (await import('./show.ts')).runsShow(run, options)));
  withLogin(
    runs
      .command('gc')
      .description('remove journals of finished runs from this machine; with -i also their records on hosts')
      .addOption(optionalInventoryOption())
      .option('--older-than <age>', 'only runs that began longer ago', '30d')
      .option('-f, --forks <n>', 'hosts processed in parallel', '50'),
  ).action(async (options) => exit(await (await import('./gc.ts')).runsGc(options)));
  withLogin(
    runs
      .command('stop <run>')
      .description('ask a run, of a colleague or of CI, to stop at a safe point, and wait for that')
      .addOption(inventoryOption())
      .requiredOption('--reason <text>', 'reason; the run shows it')
      .option('--wait <duration>', 'how long the run is waited for', '10m')
      .option('-f, --forks <n>', 'hosts processed in parallel', '50'),
  ).action(async (run, options) => exit(await (await import('./stop.ts')).runsStop(run, options)));
}
