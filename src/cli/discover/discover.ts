import { basename } from 'node:path';
import { type DescribedCluster, describeCluster } from '../../adopt/describe/describe.ts';
import { dateOf } from '../../core/base/clock.ts';
import { OrchError } from '../../core/base/errors.ts';
import { redact } from '../../core/base/redact.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import { type HostsInventory, loadHosts, loadInventory } from '../../inventory/load.ts';
import { inventoryText } from '../../inventory/write.ts';
import { namingSlowHosts } from '../naming-slow-hosts.ts';
import { printReport } from '../print/print-report.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { type OutFiles, outFiles, writeOut } from './out-files.ts';
import { type ReadHost, readCluster } from './read-cluster.ts';
import { type DiscoverReport, isAdoptable } from './report.ts';
import { shownHosts } from './shown-hosts.ts';
import { discoverLines } from './table.ts';

export interface DiscoverFlags extends ReadFlags {
  readonly out?: string;
  /** Containers that no compose project and no unit owns any more. */
  readonly unmanaged?: readonly string[];
}

/**
 * `api7-orch discover`: what runs of API7 on hosts that were set up otherwise, and the inventory that describes it. It reads only.
 *
 * @returns 0 if all that was found can be adopted; 2 if something was refused, or a host was not read; 6 when interrupted
 */
export async function discover(flags: DiscoverFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadHosts(flags.inventory);
  const out = flags.out === undefined ? undefined : outFiles(flags.out, inventory.file);
  const names = [...inventory.hosts.keys()];
  await using session = await openSession({ inventory, hosts: names, flags, safePoint: false, environment });
  const { forks, clock } = session;
  return await untilInterrupted(session, async () => {
    const at = dateOf(clock);
    const read = await namingSlowHosts(session, environment, (hosts) =>
      readCluster(inventory, { hosts, forks, unmanaged: flags.unmanaged ?? [] }),
    );
    const described = describeCluster(
      {
        inventory,
        hosts: read.map(({ found }) => found),
        balancers: read.map(({ host, balancer }) => ({ host, ...balancer })),
        nofile: Math.min(...read.map(({ nofile }) => nofile)),
      },
      out?.secretsName ?? `${inventory.cluster}-secrets`,
    );
    const bare = reportOf(inventory, read, described, at);
    const written = out && { written: await write(out, inventory, described, bare) };
    const report: DiscoverReport = { ...bare, ...written };
    await printReport(report, discoverLines, flags, environment.stdout);
    return isAdoptable(report) ? EXIT_CODES.ok : EXIT_CODES.refused;
  });
}

function reportOf(
  { cluster }: HostsInventory,
  read: readonly ReadHost[],
  described: DescribedCluster,
  at: Date,
): DiscoverReport {
  const pools = described.blocks.find(({ key }) => key === 'load_balancers')?.value ?? {};
  return {
    cluster,
    at: at.toISOString(),
    hosts: shownHosts(read, described.refusals),
    pools: Object.entries(
      pools as Readonly<Record<string, { readonly hosts: string; readonly members: string; readonly port: number }>>,
    ).map(([name, { hosts, members, port }]) => ({ name, hosts, members, port })),
    notes: described.notes.map((note) => redact(note)),
  };
}

/** Writes the inventory, then loads it as every other verb does: the problems are shown, and the files stay for the operator to correct. */
async function write(
  out: OutFiles,
  inventory: HostsInventory,
  { blocks, secrets }: DescribedCluster,
  report: DiscoverReport,
) {
  const refused = report.hosts.flatMap(({ host, services }) =>
    services.flatMap(({ service, refusals }) =>
      refusals.map(({ code, message }) => `${host} ${service}: not adoptable (${code}): ${message}`),
    ),
  );
  const notes = [...report.notes, ...refused];
  const head = [
    `Written by "api7-orch discover" on ${report.at.slice(0, 10)} from what runs on the hosts of ${basename(inventory.file)}.`,
    `Next: read it, then "api7-orch check --adopt -i ${basename(out.inventory)}" (docs/adopting.md).`,
    ...(notes.length === 0 ? [] : ['Not in the inventory:', ...notes.map((note) => `- ${note}`)]),
  ];
  writeOut(out, inventoryText(blocks, head), secrets);
  return {
    inventory: out.inventory,
    secrets: secrets.size === 0 ? null : out.secrets,
    problems: await problemsOf(out.inventory),
  };
}

async function problemsOf(file: string): Promise<readonly string[]> {
  try {
    await loadInventory(file);
    return [];
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    return redact(error.message).split('\n');
  }
}
