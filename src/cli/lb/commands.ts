import type { Command } from 'commander';
import { inventoryOption, lockWaitOption, outputOption, withLogin, withoutLbOption, withReport } from '../options.ts';
import { exit } from '../uncaught.ts';

/** The commands of `lb`. */
export function lbCommands(root: Command): void {
  const lb = root.command('lb').description('show load balancer state; drain and restore nodes; find what runs left');
  withReport(
    lb
      .command('status [pattern]')
      .description("show each member's state on each balancer, and who holds it")
      .addOption(inventoryOption()),
    'balancers',
  ).action(async (pattern, options) => exit(await (await import('./status.ts')).lbStatus(pattern ?? 'all', options)));
  withLogin(
    lb
      .command('drain <nodes...>')
      .description('drain nodes on all their balancers and wait until they have no sessions')
      .addOption(inventoryOption())
      .requiredOption('--reason <text>', 'reason; stored in the lease')
      .option('--no-wait', 'do not wait for sessions to end')
      .option('--yes-outage <cluster>', 'accept that a pool of this cluster has no serving node')
      .addOption(withoutLbOption('ignore this balancer because it is down; repeatable'))
      .option('-f, --forks <n>', 'balancers processed in parallel', '20')
      .addOption(outputOption())
      .option('-v, --verbose', 'also list tasks without changes'),
  ).action(async (nodes, options) => exit(await (await import('./drain.ts')).lbDrain(nodes, options)));
  withLogin(
    lb
      .command('restore [nodes...]')
      .description('restore drained nodes to their previous balancer settings (connects to balancers only)')
      .addOption(inventoryOption())
      .option('--all', 'all nodes that have a lease')
      .option('-f, --forks <n>', 'balancers processed in parallel', '20')
      .addOption(outputOption())
      .option('-v, --verbose', 'also list tasks without changes'),
  ).action(async (nodes, options) => exit(await (await import('./restore.ts')).lbRestore(nodes, options)));

  withReport(
    lb
      .command('doctor')
      .description('show what earlier runs left: leases, lost drains, locks, temporary files; --fix repairs it')
      .addOption(inventoryOption())
      .option('--fix', 'restore nodes that are ready, one by one; remove expired locks and leftovers')
      .addOption(lockWaitOption()),
  ).action(async (options) => exit(await (await import('./doctor.ts')).lbDoctor(options)));
}
