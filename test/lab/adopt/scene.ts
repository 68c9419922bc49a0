import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { DiscoverReport } from '../../../src/cli/discover/report.ts';
import { packagePath } from '../build/packages.ts';
import type { Lab } from '../lab.ts';
import { type LoadReport, startLoad } from '../load/load.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { type OrchRun, orch } from '../scenes/orch.ts';
import { hostsFile } from '../vendor/hosts-file.ts';
import { must } from '../vendor/must.ts';

/** What `discover --out` made of a cluster. */
export interface Discovered {
  readonly code: number | null;
  readonly stderr: string;
  readonly report: DiscoverReport;
  /** The inventory that it wrote, and its text. */
  readonly out: string;
  readonly yaml: string;
}

export interface DiscoverOptions {
  /** Whether `hosts.yaml` has the groups. */
  readonly groups: boolean;
  /** More words of the command line. */
  readonly words?: readonly string[];
}

/** Runs `discover` on the hosts of a lab; its files are in the lab's directory. */
export async function discover(lab: Lab, name: string, { groups, words = [] }: DiscoverOptions): Promise<Discovered> {
  const out = join(lab.directory, `${name}.yaml`);
  const secrets = join(lab.directory, `${name}-secrets`);
  await Promise.all([out, secrets].map((path) => rm(path, { recursive: true, force: true })));
  const hosts = await hostsFile(lab, `${name}-hosts`, { groups });
  const { code, stderr, stdout } = await orch(['discover', '-i', hosts, '--out', out, ...words]);
  const report: DiscoverReport = JSON.parse(stdout || '{}');
  return { code, stderr, report, out, yaml: await readFile(out, 'utf8') };
}

/** `gw-1 gateway COMPOSE: …` */
export const refusalsOf = ({ hosts }: DiscoverReport): readonly string[] =>
  hosts.flatMap(({ host, error, services }) => [
    ...(error === undefined ? [] : [`${host} ${error.code}: ${error.message}`]),
    ...services.flatMap(({ service, refusals }) =>
      refusals.map(({ code, message }) => `${host} ${service} ${code}: ${message}`),
    ),
  ]);

/**
 * Discovers a cluster that can be adopted as it is; `edit`: what the operator adds.
 *
 * @returns the path of its inventory
 */
export async function discovered(
  lab: Lab,
  name: string,
  { words = [], edit = (yaml) => yaml }: { readonly words?: readonly string[]; readonly edit?: Edit } = {},
): Promise<string> {
  const { code, report, out, yaml } = await discover(lab, name, { groups: true, words });
  expect({ code, refused: refusalsOf(report), problems: report.written?.problems }).toEqual({
    code: 0,
    refused: [],
    problems: [],
  });
  // No host shows the longest request of this load.
  await writeFile(out, edit(yaml.replaceAll(/^( +)(port: 9080)$/gm, '$1$2\n$1longest_request: 10s')));
  return out;
}

export type Edit = (yaml: string) => string;

/** What is seen from outside of each gateway: its instance, and its variables. */
export const identities = (lab: Lab): Promise<Readonly<Record<string, string>>> =>
  ofGateways(
    lab,
    `id=$(docker ps -q)
docker exec "$id" cat /usr/local/apisix/conf/apisix.uid; echo
docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "$id" | sort`,
  );

/** Id and name of the container that runs on each gateway. */
export const running = (lab: Lab): Promise<Readonly<Record<string, string>>> =>
  ofGateways(lab, "docker ps --format '{{.ID}} {{.Names}}'");

async function ofGateways(lab: Lab, script: string): Promise<Readonly<Record<string, string>>> {
  const all = hostsOf(lab.file, 'data_plane').map(async (host) => [host, (await must(lab, host, script)).trim()]);
  return Object.fromEntries(await Promise.all(all));
}

/** Of each service on its host the version that runs. */
export async function versionsOf(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const lines = await onEngines(lab, "docker ps --format '{{.Names}} {{.Image}}'");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.replace(/.*:v?/, '')]));
}

/** Containers that were taken over, `gw-1 ID api7-gateway.adopted-… exited`. */
export const keptOn = (lab: Lab): Promise<readonly string[]> =>
  onEngines(lab, "docker ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | grep -F .adopted- || true");

async function onEngines(lab: Lab, script: string): Promise<readonly string[]> {
  const hosts = (['control_plane', 'data_plane'] as const).flatMap((role) => hostsOf(lab.file, role));
  const all = await Promise.all(
    hosts.map(async (host) => {
      const lines = (await must(lab, host, script)).split('\n').filter((line) => line !== '');
      return lines.map((line) => `${host} ${line}`);
    }),
  );
  return all.flat().sort();
}

/** The same inventory with another version, and the packages that have it. */
export async function withVersion(inventory: string, from: string, to: string): Promise<string> {
  const text = await readFile(inventory, 'utf8');
  const packages = `  package:\n    control_plane: ${packagePath(to, 'cp')}\n    data_plane: ${packagePath(to, 'dp')}\n`;
  const path = inventory.replace('.yaml', `-${to}.yaml`);
  await writeFile(path, text.replace(`  version: ${from}\n`, `  version: ${to}\n${packages}`));
  return path;
}

/** A run under 200 requests a second. */
export async function underLoad(
  lab: Lab,
  run: () => Promise<OrchRun>,
): Promise<{ readonly run: OrchRun; readonly load: LoadReport }> {
  const load = await startLoad(lab);
  await sleep(2500);
  const ran = await run();
  await sleep(1000);
  return { run: ran, load: await load.stop() };
}

/** No request has failed, and the load was what it is meant to be. */
export function isWhole(what: string, { errors, risen, good, sent, late, seconds }: LoadReport): void {
  process.stderr.write(`lab: ${what}: ${good} of ${sent} requests good, in ${Math.round(seconds)} s\n`);
  expect({ errors, risen, late: late > 5 ? late : 0 }).toEqual({ errors: {}, risen: {}, late: 0 });
  expect(good).toBe(sent);
  // Half of what is due: a busy machine sends less.
  expect(sent).toBeGreaterThan(seconds * 100);
}

/** The run has no error. */
export const succeeded = ({ code, end }: OrchRun): void =>
  expect({ code, errors: end?.errors }).toEqual({ code: 0, errors: [] });

/** From here on it is a cluster like any other: a second run changes nothing, and a restart cuts nothing. */
export async function restartsWhole(lab: Lab, inventory: string, words: readonly string[] = []): Promise<void> {
  for (const flags of [['--adopt', ...words], []]) {
    const again = await orch(['run', 'install', ...flags, '-i', inventory]);
    expect({ code: again.code, changed: again.with('changed') }).toEqual({ code: 0, changed: [] });
  }
  const { run, load } = await underLoad(lab, () => orch(['run', 'rolling-restart', '-i', inventory, '-e', 'soak=3s']));
  succeeded(run);
  isWhole('rolling-restart', load);
}
