import { randomUUID } from 'node:crypto';
import { allServices, servicesOn } from '../../api7/services.ts';
import { dateOf } from '../../core/base/clock.ts';
import { parseDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { redactData } from '../../core/base/redact.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import type { Connection } from '../../core/host/connection.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { loadInventory } from '../../inventory/load.ts';
import { nameList } from '../../render/lines/paint.ts';
import { report as reportError } from '../print/print-error.ts';
import { printLine } from '../print/print-line.ts';
import { printReport } from '../print/print-report.ts';
import { type CliEnvironment, endedBy, openSession, type ReadFlags, type Session } from '../session.ts';
import { version } from '../version.ts';
import { findingsOf, type ImagesReport } from './report.ts';
import { imagesLines } from './table.ts';
import { type TrialTarget, tryImages } from './try-images.ts';
import { writeReport } from './write-report.ts';

export interface ImagesVerifyFlags extends ReadFlags {
  /** The one host to use. */
  readonly on?: string;
  /** On the controller, with its own Docker Engine. */
  readonly local?: boolean;
  /** File for the report; without it a report is written only if something differs. */
  readonly out?: string;
  readonly lockWait: string;
}

/** The controller's name among hosts. */
const HERE = 'this machine';

/**
 * `api7-orch images verify`: tries the inventory's images in throw-away containers, and compares them with what
 * api7-orch depends on.
 *
 * @returns 0 when nothing differs; 2 when something differs, or a host could not be reached; 3 when an image could not
 *   be tried; 5; 6
 */
export async function imagesVerify(flags: ImagesVerifyFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const targets = targetsOf(inventory, flags);
  const names = targets.map(({ host }) => host);
  const { stderr = process.stderr } = environment;
  const isHere = flags.local === true;
  const found = await (async () => {
    await using session = await openSession({
      inventory,
      hosts: isHere ? [] : names,
      flags,
      safePoint: false,
      environment: isHere ? { connect: connectHere, ...environment } : environment,
      ...(isHere ? {} : { locks: lockSettings(flags) }),
    });
    printLine(stderr, `trying images in throw-away containers on ${nameList(names)}`);
    const refused = await locked(session, names, stderr);
    return refused ?? (await tryAll(inventory, session, { targets, isHere, stderr }));
  })();
  if (typeof found === 'number') return found;
  await printReport(found, imagesLines, flags, environment.stdout);
  const code = codeOf(found);
  if (flags.out === undefined && code === EXIT_CODES.ok) return code;
  const file = writeReport(redactData(found), flags.out);
  printLine(stderr, `written to ${file}; it has no secrets: attach it to a bug report`);
  return code;
}

function targetsOf(inventory: Inventory, { on, local }: ImagesVerifyFlags): readonly TrialTarget[] {
  if (local === true && on !== undefined)
    throw new OrchError('USAGE', '--on and --local exclude each other', { hint: 'give one of them' });
  const { hosts, groups, file } = inventory;
  const all = allServices(inventory);
  if (local === true) return [{ host: HERE, services: all }];
  if (on === undefined) {
    // A host may belong to both groups.
    const chosen = new Set(['control_plane', 'data_plane'].flatMap((group) => groups.get(group)?.[0] ?? []));
    return [...chosen].flatMap((name) => {
      const host = hosts.get(name);
      return host === undefined ? [] : [{ host: name, services: servicesOn(inventory, host) }];
    });
  }
  const host = hosts.get(on);
  if (host === undefined)
    throw new OrchError('HOST_UNKNOWN', `${on} is not in ${file}`, {
      hint: 'give the name of one host of the inventory',
    });
  const services = servicesOn(inventory, host);
  return [{ host: on, services: services.length === 0 ? all : services }];
}

/** The controller, with its own Docker Engine. */
export async function connectHere(): Promise<Connection> {
  const [{ connectLocal }, { withDocker }] = await Promise.all([
    import('../../transport/local/local.ts'),
    import('../../docker/client.ts'),
  ]);
  return withDocker(await connectLocal(HERE, { become: 'none' }));
}

/** Its containers do not affect traffic: only the hosts themselves are locked, and no balancer. */
const lockSettings = ({ lockWait }: ImagesVerifyFlags) => ({
  run: randomUUID(),
  verb: 'images verify',
  waitMs: parseDuration(lockWait),
  scope: (names: readonly string[]) => ({ names, balancers: [], majorities: [] }),
});

/** Takes the locks. @returns an exit code when it was refused */
async function locked(
  { locks, hosts, signal }: Session,
  names: readonly string[],
  stderr: NodeJS.WriteStream,
): Promise<number | undefined> {
  try {
    await locks?.take(names, hosts);
    return undefined;
  } catch (error) {
    if (signal.aborted) return endedBy(signal);
    if (!(error instanceof OrchError) || error.code === 'INTERNAL') throw error;
    reportError(error, stderr);
    return error.code === 'HOST_LOCKED' ? EXIT_CODES.locked : EXIT_CODES.refused;
  }
}

async function tryAll(
  inventory: Inventory,
  session: Session,
  {
    targets,
    isHere,
    stderr,
  }: { readonly targets: readonly TrialTarget[]; readonly isHere: boolean; readonly stderr: NodeJS.WriteStream },
): Promise<ImagesReport | number> {
  const tried = await Promise.all(targets.map((target) => tryImages(inventory, session, target, isHere)));
  const errors = tried.flatMap((one) => one.errors);
  if (session.signal.aborted) {
    // Interrupted trials are not reported; leftovers are.
    for (const { code, message, hint, host } of errors)
      if (code !== 'INTERRUPTED')
        printLine(stderr, `${code} on ${host}: ${message}${hint === undefined ? '' : `; ${hint}`}`);
    return endedBy(session.signal);
  }
  if (errors.some(({ code }) => code === 'FENCED')) return EXIT_CODES.locked;
  const at = dateOf(session.clock).toISOString();
  const images = tried.flatMap((one) => one.images);
  return { at, version: version(), cluster: inventory.cluster, images, errors };
}

function codeOf(report: ImagesReport): number {
  if (findingsOf(report, 'differs').length > 0) return EXIT_CODES.refused;
  return report.errors.length > 0 ? EXIT_CODES.partial : EXIT_CODES.ok;
}
