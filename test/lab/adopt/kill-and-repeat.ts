import { expect } from 'vitest';
import { adoptionPath } from '../../../src/adopt/record.ts';
import { CONTAINERS } from '../../../src/api7/paths.ts';
import { freshContainer } from '../../../src/core/host/leftover-names.ts';
import { untilReady } from '../hosts/ensure-host.ts';
import type { Lab } from '../lab.ts';
import { type OrchRun, orch } from '../scenes/orch.ts';
import { leases, notServing } from '../scenes/rolling-scene.ts';
import { lockedHosts } from '../scenes/small-lab.ts';
import { COMPOSE_FILE, composeName } from '../vendor/compose-project.ts';
import { must } from '../vendor/must.ts';
import { startControlPlane, startGateway } from '../vendor/vendor-cluster.ts';
import { endLogins, hold } from './hold.ts';
import type { Kill, Moment } from './moments.ts';
import { identities, isWhole, succeeded, underLoad } from './scene.ts';

/** As its operator named the services in the compose file. */
const COMPOSED = { gateway: 'gateway', dashboard: 'dashboard', dpManager: 'dp-manager' } as const;

/** A run that beats so is gone after seconds. */
const ENV = { API7_ORCH_LOCK_TTL: '18s' };

export interface Repeat {
  /** Whether `resume` continues it, in place of the same command. */
  readonly resumes: boolean;
}

/** Kills a run at a moment of the adoption of one service under load, and lets the next one continue. */
export async function killAndRepeat(lab: Lab, inventory: string, kill: Kill, { resumes }: Repeat): Promise<void> {
  const { service, moment, reboot } = kill;
  const host = service === 'gateway' ? 'gw-1' : 'cp-1';
  await asItWas(lab, host);
  const seen = await identities(lab);
  const oldId = await idOf(lab, host, composeName(COMPOSED[service]));
  const command = ['run', 'install', '--adopt', '-i', inventory, '--limit', host, '-e', 'soak=3s'];
  const { run, load } = await underLoad(lab, async () => {
    await killedAt(lab, host, kill, command);
    const between = await placeOf(lab, host, kill, oldId);
    expect(between).toMatchObject({ phase: moment.phase, ...actionOf(moment) });
    if (reboot === true) await rebooted(lab, host);
    return await orch(resumes ? ['resume', '-i', inventory] : command, { env: ENV });
  });
  succeeded(run);
  isWhole(`killed at ${moment.phase}`, load);
  await isAdopted(lab, host, kill, oldId);
  expect(await identities(lab)).toEqual(seen);
  expect([await leases(lab), await notServing(lab), await lockedHosts(lab)]).toEqual([[], [], []]);
  const again = await orch(command, { env: ENV });
  expect({ code: again.code, changed: again.with('changed') }).toEqual({ code: 0, changed: [] });
}

/** The service runs as its operator started it, and his compose file has let go of it. */
async function asItWas(lab: Lab, host: string): Promise<void> {
  const { out } = await lab.exec(host, `ls /var/lib/api7-orch/adopt`);
  if (out.trim() === '') return;
  await lab.reset([host], { keepImages: true });
  await (host.startsWith('gw') ? startGateway : startControlPlane)(lab, host, 'compose');
  await must(lab, host, `mv ${COMPOSE_FILE} ${COMPOSE_FILE}.released`);
  await expect.poll(() => notServing(lab), { timeout: 30_000, interval: 500 }).toEqual([]);
  if (!host.startsWith('gw')) return;
  // The balancer asks for less: a gateway without its routes answers 404.
  const ready = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:7085/status/ready";
  await expect.poll(async () => (await lab.exec(host, ready)).out, { timeout: 30_000, interval: 200 }).toBe('200');
}

async function killedAt(lab: Lab, host: string, { service, moment }: Kill, command: readonly string[]): Promise<void> {
  let killed: OrchRun;
  if (moment.at === 'soak')
    killed = await orch(command, {
      env: ENV,
      onEvent: (event, send) => {
        if (event.type === 'roll.step' && event.step === 'soak' && event.status === 'begun')
          setTimeout(() => send('SIGKILL'), 1000);
      },
    });
  else {
    const held = hold(lab, host, adoptionPath(service), moment);
    killed = await orch(command, { env: ENV, killOn: held });
    await held;
    await endLogins(lab, host);
  }
  expect({ code: killed.code, errors: killed.end?.errors }).toEqual({ code: null });
}

interface Place {
  /** As the host has recorded it. */
  readonly phase: string;
  readonly old: { readonly isRunning: boolean; readonly policy: string; readonly isRenamed: boolean };
  /** Names of the containers of the new one. */
  readonly next: readonly string[];
  readonly running: readonly string[];
}

const FORMAT = '{{.Id}} {{.Name}} {{.State.Running}} {{.HostConfig.RestartPolicy.Name}}';

async function placeOf(lab: Lab, host: string, { service }: Kill, oldId: string): Promise<Place> {
  const out = await must(
    lab,
    host,
    `sed -n 's/.*"phase":"\\([a-z]*\\)".*/\\1/p' ${adoptionPath(service)}
docker ps -aq --no-trunc | xargs docker inspect -f '${FORMAT}'`,
  );
  const [phase = '', ...lines] = out.trim().split('\n');
  const all = lines.map((line) => {
    const [id = '', name = '', isRunning, policy = ''] = line.split(' ');
    return { id, name: name.slice(1), isRunning: isRunning === 'true', policy };
  });
  const old = all.find(({ id }) => id === oldId);
  // Whatever has happened: it is there.
  if (old === undefined) throw new Error(`${host}: the old container is lost: ${out}`);
  const next = [CONTAINERS[service], freshContainer(CONTAINERS[service])];
  return {
    phase,
    old: {
      isRunning: old.isRunning,
      policy: old.policy,
      isRenamed: old.name !== composeName(COMPOSED[service]),
    },
    next: all.map(({ name }) => name).filter((name) => next.includes(name)),
    running: all.filter(({ isRunning }) => isRunning).map(({ name }) => name),
  };
}

/** What shows whether the action of the phase has been carried out. */
function actionOf({ at, phase }: Moment): object {
  const isDone = at !== 'recorded';
  const old = (part: Partial<Place['old']>): object => ({ old: part });
  if (phase === 'prepared') return { next: isDone ? [expect.any(String)] : [] };
  if (phase === 'policy') return old({ policy: isDone ? 'no' : 'always', isRunning: true });
  if (phase === 'stopped') return old({ policy: 'no', isRunning: !isDone });
  if (phase === 'renamed') return old({ isRunning: false, isRenamed: isDone });
  const isStarted = phase === 'done' || isDone;
  return { ...old({ isRunning: false, isRenamed: true }), ...(isStarted ? {} : { running: [] }) };
}

/** The host comes back without the service: the operator's policy is off, and the new one was never started. */
async function rebooted(lab: Lab, host: string): Promise<void> {
  const { container } = lab.host(host);
  await lab.docker.getContainer(container).restart({ t: 30 });
  await untilReady(lab.docker, container, host);
  expect((await must(lab, host, 'docker ps --format "{{.Names}}"')).trim()).toBe('');
}

async function isAdopted(lab: Lab, host: string, kill: Kill, oldId: string): Promise<void> {
  const { service } = kill;
  const place = await placeOf(lab, host, kill, oldId);
  expect(place).toMatchObject({
    phase: 'done',
    old: { isRunning: false, policy: 'no', isRenamed: true },
    next: [CONTAINERS[service]],
  });
  const every = service === 'gateway' ? [CONTAINERS.gateway] : [CONTAINERS.dashboard, CONTAINERS.dpManager];
  expect([...place.running].sort()).toEqual(every.sort());
}

const idOf = async (lab: Lab, host: string, container: string): Promise<string> =>
  (await must(lab, host, `docker inspect -f '{{.Id}}' ${container}`)).trim();
