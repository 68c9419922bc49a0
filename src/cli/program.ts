import { Command, Option } from 'commander';
import { explainArguments } from './arguments.ts';
import { lbCommands } from './lb/commands.ts';
import { lockCommands } from './lock/commands.ts';
import {
  adoptionVars,
  commandTerm,
  inventoryOption,
  limitOption,
  lockWaitOption,
  outputOption,
  tableOption,
  unmanagedOption,
  varsOption,
  withLogin,
  withoutDrainOptions,
  withoutEmptyDefault,
  withReport,
  withRunOptions,
} from './options.ts';
import { runsCommands } from './runs/commands.ts';
import { exit, watchUncaught } from './uncaught.ts';
import { version } from './version.ts';

/** The only composition root. Imports a verb's code when that verb runs, so that --help stays fast. */
export function program(): Command {
  const root = new Command('api7-orch')
    .description('Install and operate API7 Gateway in high availability over SSH.')
    .version(version(), '-V, --version')
    .configureHelp({ optionDescription: withoutEmptyDefault, subcommandTerm: commandTerm, minWidthToWrap: 20 })
    .showSuggestionAfterError();

  withRunOptions(root.command('run <playbook>'), limitOption())
    .description('run a playbook: install, change, restart, stop or start a cluster')
    .option('--adopt', 'install: take over containers that api7-orch did not create, one drained node after another')
    .addOption(unmanagedOption())
    .action(async (playbook, { adopt, unmanaged, ...options }) => {
      const extraVars = [...options.extraVars, ...adoptionVars(adopt, unmanaged)];
      exit(await (await import('./run/run.ts')).run(playbook, { ...options, extraVars }));
    });

  const adopt = root.command('adopt').description('manage the old containers that install --adopt keeps on hosts');
  withoutDrainOptions(withRunOptions(adopt.command('forget'), limitOption()))
    .description('remove the stopped containers that were taken over; their volumes stay')
    .action(async (options) => exit(await (await import('./run/run.ts')).run('adopt-forget', options)));

  withRunOptions(root.command('rollback [pattern]'), new Option('--to <version>', 'version that the nodes ran before'))
    .description('list the versions that nodes can go back to; with hosts and --to, roll them back')
    .action(async (pattern, options) =>
      exit(await (await import('./rollback/rollback.ts')).rollback(pattern, options)),
    );

  withRunOptions(
    root.command('resume [run]'),
    new Option('--replan', 'accept that inventory, playbook or version differ from those with which the run began'),
  )
    .option('--playbook <file>', 'file of the playbook, if the run was started with a file')
    .description(
      'finish a run that was interrupted, failed or killed, from any machine; without an id: the unfinished one',
    )
    .action(async (run, options) => exit(await (await import('./resume/resume.ts')).resume(run, options)));

  withLogin(
    root
      .command('exec <pattern> [command...]')
      .description('run a command on many hosts in parallel: api7-orch exec data_plane -i prod.yaml -- uptime')
      .addOption(inventoryOption())
      .option('-b, --become', 'run the command as root')
      .option('-f, --forks <n>', 'hosts processed in parallel', '50')
      .option('-t, --timeout <duration>', 'stop the command after this time', '10m')
      .addOption(varsOption('set a variable; repeatable'))
      .addOption(outputOption()),
  ).action(async (pattern, words, options) => exit(await (await import('./exec.ts')).exec(pattern, words, options)));

  withReport(
    root
      .command('status [pattern]')
      .description('show versions, health and traffic of gateways and control plane')
      .addOption(inventoryOption())
      .option('--exit-code', 'exit with 3 if any service is unhealthy'),
  ).action(async (pattern, options) =>
    exit(await (await import('./status/status.ts')).status(pattern ?? 'all', options)),
  );

  withReport(
    root
      .command('check [pattern]')
      .description('check hosts, balancers, database and certificates before a run; changes nothing')
      .addOption(inventoryOption())
      .option('--adopt', 'check the conditions of install --adopt: containers that it takes over are not in the way')
      .addOption(unmanagedOption()),
  ).action(async (pattern, options) => exit(await (await import('./check/check.ts')).check(pattern ?? 'all', options)));

  withReport(
    root
      .command('discover')
      .description(
        'find API7 on hosts that were set up without api7-orch, and write the inventory of it; changes nothing',
      )
      .addOption(
        new Option(
          '-i, --inventory <file>',
          'file with cluster, ssh, hosts and groups, as in an inventory',
        ).makeOptionMandatory(),
      )
      .option('--out <file>', 'write the inventory to this file, and its secrets beside it')
      .addOption(unmanagedOption()),
  ).action(async (options) => exit(await (await import('./discover/discover.ts')).discover(options)));

  const images = root.command('images').description('compare the images of an inventory with what api7-orch needs');
  withReport(
    images
      .command('verify')
      .description('try the images in throw-away containers; show what differs, and write it to a file')
      .addOption(inventoryOption())
      .option('--on <host>', 'try them on this host (default: one host each of control_plane and data_plane)')
      .option('--local', 'try them on this machine, with its own Docker Engine')
      .option('--out <file>', 'write the report to this file, also when nothing differs')
      .addOption(lockWaitOption()),
  ).action(async (options) => exit(await (await import('./images/verify.ts')).imagesVerify(options)));

  lbCommands(root);
  lockCommands(root);
  runsCommands(root);

  const inventory = root.command('inventory').description('inspect an inventory (offline)');
  inventory
    .command('list [pattern]')
    .description('list hosts with address, SSH route and groups')
    .addOption(inventoryOption())
    .addOption(tableOption())
    .action(async (pattern, options) => exit(await (await import('./inventory.ts')).list(pattern ?? 'all', options)));
  inventory
    .command('validate')
    .description('validate an inventory (offline)')
    .addOption(inventoryOption())
    .action(async (options) => exit(await (await import('./inventory.ts')).validate(options)));
  inventory
    .command('schema')
    .description('print the JSON Schema for editor completion')
    .action(async () => exit(await (await import('./inventory.ts')).schema()));
  explainArguments(root);
  return root;
}

/** Runs the command line of this process. */
export async function main(): Promise<void> {
  watchUncaught(process.stderr);
  // A write to a closed pipe or terminal fails later, outside of any await: it must not end the run.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  await runWords(process.argv.slice(2));
}

/** Runs a command line, given by its words. Errors are reported on standard error and in the exit code of this process. */
export async function runWords(words: readonly string[]): Promise<void> {
  const root = program();
  root.exitOverride();
  for (const command of root.commands) for (const each of [command, ...command.commands]) each.exitOverride();
  try {
    await root.parseAsync(words, { from: 'user' });
  } catch (error) {
    const { report } = await import('./print/print-error.ts');
    exit(report(error, process.stderr));
  }
}
