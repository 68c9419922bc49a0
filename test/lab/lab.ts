import { resolve } from 'node:path';
import type Docker from 'dockerode';
import { ensureHostImage } from './build/host-image.ts';
import { ensurePackages } from './build/packages.ts';
import { versions } from './build/stand-ins.ts';
import { writeInventory } from './config/inventory.ts';
import { labSecrets } from './config/secrets.ts';
import { downLab, removeIfAbandoned, removeStrayHosts, sweepAbandonedLabs } from './down.ts';
import { engine } from './hosts/engine.ts';
import { ensureHost } from './hosts/ensure-host.ts';
import { type HostResult, hostExec } from './hosts/host-exec.ts';
import { grantedNofile } from './hosts/nofile.ts';
import { type ResetOptions, resetLab } from './hosts/reset.ts';
import { loginKey, writeSshFiles } from './hosts/ssh-files.ts';
import { LabError } from './lab-error.ts';
import { paths } from './paths.ts';
import { hostNames, type LabFile, type LabHost, labHost } from './plan/lab-file.ts';
import { label, owner } from './plan/labels.ts';
import { machineLockPath } from './plan/machine-lock.ts';
import { type LabWish, labId } from './plan/plan-lab.ts';
import { reserveLab } from './plan/reserve-lab.ts';
import { type BalancerPort, type HostName, portOfBalancer, topologyOf } from './plan/topology.ts';
import { withLock } from './plan/with-lock.ts';

/** `version`, `size`, `balancer`: default the earlier ones, at first 3.10.5 on 2 control planes, 3 gateways, 1 HAProxy. */
export interface LabOptions extends LabWish {
  /** The directory of its inventory, keys and state; one lab per directory. Default `.lab`. */
  readonly directory?: string;
  /** The lab ends with this process: a later `upLab` anywhere removes it after the end of this process. */
  readonly owned?: boolean;
  /** Called for each step that takes time. */
  readonly note?: (line: string) => void;
}

/** A lab that is up. */
export interface Lab {
  readonly directory: string;
  readonly inventory: string;
  readonly file: LabFile;
  readonly docker: Docker;
  /** The actions of `up` on each host. */
  readonly did: Readonly<Record<HostName, 'kept' | 'started' | 'created'>>;
  /** @throws LabError when there is no such host */
  host(name: HostName): LabHost;
  /** A URL on 127.0.0.1 of a published port of a balancer. @example lab.url('gateways') // 'http://127.0.0.1:24310' */
  url(port: BalancerPort, balancer?: HostName): string;
  /** The same at the balancer's own address: many requests a second would keep the proxies of published ports busy. */
  direct(port: BalancerPort, balancer?: HostName): string;
  /** Runs a bash script as root, without the host's sshd. */
  exec(host: HostName, script: string): Promise<HostResult>;
  /** Resets hosts to their bare state; all of them by default. */
  reset(hosts?: readonly HostName[], options?: ResetOptions): Promise<void>;
  /** Removes the lab. */
  down(): Promise<void>;
}

/**
 * Starts a lab, or leaves a running one as it is: machines, each with an address, an sshd and a Docker Engine of its own; a load
 * balancer on lb-1, PostgreSQL on db-1; inventory, keys and packages beside it.
 * @example const lab = await upLab({ directory: '.lab', note: console.error })
 */
export async function upLab(options: LabOptions = {}): Promise<Lab> {
  const directory = resolve(options.directory ?? paths.defaultLab);
  const note = options.note ?? (() => {});
  if (options.version !== undefined && !versions.some((version) => version === options.version)) {
    throw new LabError(`the lab has no packages of ${options.version}, only of ${versions.join(', ')}`);
  }
  const docker = await engine();
  await sweepAbandonedLabs(docker, note);
  const image = await ensureHostImage(docker, note);
  const id = labId(directory);
  return withLock(await machineLockPath(id), async () => {
    await removeIfAbandoned(docker, id, note);
    const marks = {
      [label.directory]: directory,
      ...(options.owned && { [label.owner]: await owner(process.pid) }),
    };
    const file = await reserveLab(docker, directory, options, marks);
    const labels = { ...marks, [label.lab]: file.id };
    const specs = topologyOf(file.size);
    await removeStrayHosts(docker, file);
    await labSecrets(directory);
    // Before the hosts, which start at once and would each make one.
    await loginKey(directory);
    // At once: the packages are work for the controller, the hosts for their engines.
    const packages = ensurePackages(docker, note);
    const done = await Promise.allSettled(
      specs.map((spec) => ensureHost(docker, { directory, lab: file, spec, image, labels })),
    );
    await packages;
    const did = settled(hostNames(file), done);
    await writeSshFiles(directory, file);
    const nofile = await grantedNofile(docker, labHost(file, 'gw-1').container);
    const inventory = await writeInventory(directory, file, nofile);
    return {
      directory,
      inventory,
      file,
      docker,
      did,
      host: (name) => labHost(file, name),
      url: (port, balancer = 'lb-1') => `http://127.0.0.1:${labHost(file, balancer).ports[port]}`,
      direct: (port, balancer = 'lb-1') => `http://${labHost(file, balancer).address}:${portOfBalancer[port]}`,
      exec: (host, script) => hostExec(docker, labHost(file, host).container, script),
      reset: (hosts, options) => resetLab(docker, file, hosts, options),
      down: () => downLab(directory),
    };
  });
}

function settled<T>(names: readonly HostName[], results: readonly PromiseSettledResult<T>[]): Record<HostName, T> {
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  const entries = results.map((result, at) => [names[at], result.status === 'fulfilled' ? result.value : null]);
  return Object.fromEntries(entries);
}
