import { expect } from 'vitest';
import { inventoryWith } from '../config/inventory-with.ts';
import type { Lab } from '../lab.ts';
import { steadyLoad } from '../load/traffic.ts';
import { hostsOf } from '../plan/lab-file.ts';
import { balancerSampler } from '../samplers/sampler.ts';
import { leftovers } from '../samplers/snapshots.ts';
import { startCounter } from '../samplers/start-counter.ts';
import { type KillStory, killStory } from './kill-story.ts';
import { type OrchRun, orch, type RunMoment } from './orch.ts';
import { leases, notServing } from './rolling-scene.ts';
import { lockedHosts, quickRun } from './small-lab.ts';
import type { WorkingFolder } from './working-folder.ts';

const VERSIONS = ['3.10.5', '3.10.6'] as const;

/** With one control plane, replacing it is an outage of its pools. */
export const GATEWAYS = ['--limit', 'data_plane'];

/** Both folders have the same, as all controllers of a cluster must. */
export const SHORT_TTL = { API7_ORCH_LOCK_TTL: '18s' };

/** The machine of the first folder. */
export const FIRST = { ...SHORT_TTL, API7_ORCH_MACHINE_ID: 'machine of the first' };

const nameOf = (event: RunMoment): string =>
  event.type === 'task.end' ? `task ${event.status}` : `${event.step} ${event.status}`;

/**
 * Kills a run under a light load, resumes it, and expects the state of an uninterrupted run.
 *
 * @returns the version that is installed then
 */
export async function killedRun(lab: Lab, colleague: WorkingFolder, seed: number): Promise<Version> {
  const gateways = hostsOf(lab.file, 'data_plane');
  const story = killStory(seed, gateways.length);
  console.log(`killed run ${seed}: ${JSON.stringify(story)}`);
  const was = await versionOf(lab, 'gw-1');
  const version = story.playbook === 'install' ? otherThan(was) : was;
  const inventory = await inventoryOf(lab, version);
  const [starts, sampler] = await Promise.all([startCounter(lab), balancerSampler(lab, ['gateways'])]);
  const loads = hostsOf(lab.file, 'load_balancer').map((name) => steadyLoad(lab.direct('gateways', name), 3));

  const killed = await killedAt(lab, story, inventory);
  const resumed = await resume(lab, colleague, { story, inventory, id: killed.id });
  const context = JSON.stringify({ seed, killed: killed.steps.at(-1), resumed: resumed.stdout.slice(-2000) });
  expect({ code: resumed.code, errors: resumed.end?.errors }, context).toEqual({ code: 0, errors: [] });

  for (const { bad, sent } of await Promise.all(loads.map((load) => load.stop())))
    expect({ bad, any: sent > 10 }, context).toEqual({ bad: {}, any: true });
  for (const { mostAtOnce } of await sampler.stop()) expect(mostAtOnce, context).toBeLessThanOrEqual(1);
  expect(await starts.stop(), context).toEqual(Object.fromEntries(gateways.map((name) => [`${name} api7-gateway`, 1])));
  for (const name of gateways) expect(await versionOf(lab, name), context).toBe(version);
  expect([await leases(lab), await notServing(lab), await lockedHosts(lab)], context).toEqual([[], [], []]);
  expect(await leftovers(lab, managedHosts(lab)), context).toEqual({});

  const shown = JSON.parse((await orch(['runs', 'show', resumed.id ?? '', '-i', inventory])).stdout);
  expect(shown, context).toMatchObject({
    state: 'ok',
    canResume: false,
    resume: null,
    record: { end: { outcome: 'ok' } },
  });
  expect(shown.nodes).toEqual(Object.fromEntries(gateways.map((name) => [name, 'done'])));
  const again = await orch(['resume', resumed.id ?? '', '-i', inventory]);
  expect({ code: again.code, output: again.stderr }).toEqual({
    code: 2,
    output: expect.stringContaining('has finished'),
  });
  return version;
}

async function killedAt(lab: Lab, { playbook, at, times, laterMs }: KillStory, inventory: string): Promise<OrchRun> {
  let seen = 0;
  const killed = await quickRun(lab, playbook, {
    inventory,
    words: GATEWAYS,
    env: FIRST,
    onEvent: (event, send) => {
      if (nameOf(event) !== at || ++seen !== times) return;
      setTimeout(() => send('SIGKILL'), laterMs);
    },
  });
  expect({ code: killed.code, errors: killed.end?.errors }, `${at} was seen ${seen} times`).toEqual({ code: null });
  return killed;
}

interface ToResume {
  readonly story: KillStory;
  readonly inventory: string;
  readonly id: string | undefined;
}

async function resume(lab: Lab, colleague: WorkingFolder, { story, inventory, id = '' }: ToResume): Promise<OrchRun> {
  const { elsewhere, byId, playbook } = story;
  const from = (...words: readonly string[]): Promise<OrchRun> =>
    elsewhere
      ? colleague.orch(words, inventory, { env: SHORT_TTL })
      : orch([...words, '-i', inventory], { env: FIRST });
  const resumed = await from('resume', ...(byId ? [id] : []));
  const { out: record } = await lab.exec('lb-1', `cat /var/lib/api7-orch/runs/${id}.json; true`);
  if (record !== '') {
    expect(resumed.id).toBe(id);
    return resumed;
  }
  // Killed before its first change.
  expect(await leases(lab)).toEqual([]);
  expect({ code: resumed.code, output: resumed.stderr }).toEqual({
    code: 2,
    output: expect.stringMatching(/no (unfinished )?run .*is recorded/),
  });
  return await from('run', playbook, '-e', 'soak=0s', ...GATEWAYS);
}

export type Version = (typeof VERSIONS)[number];

const otherThan = (version: Version): Version => VERSIONS[version === VERSIONS[0] ? 1 : 0];

async function versionOf(lab: Lab, gateway: string): Promise<Version> {
  const { out } = await lab.exec(gateway, "docker inspect -f '{{.Config.Image}}' api7-gateway");
  const version = VERSIONS.find((each) => out.trim().endsWith(`:${each}`));
  if (version === undefined) throw new Error(`${gateway} runs ${out}`);
  return version;
}

/** The lab's inventory for a version. */
export async function inventoryOf(lab: Lab, version: Version): Promise<string> {
  return version === lab.file.version
    ? lab.inventory
    : await inventoryWith(lab, `install-${version}`, (text) => text.replaceAll(lab.file.version, version));
}

/** Hosts that the product works on. */
export const managedHosts = (lab: Lab): readonly string[] =>
  (['control_plane', 'data_plane', 'load_balancer'] as const).flatMap((role) => hostsOf(lab.file, role));
