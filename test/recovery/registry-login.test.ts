import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/run/run.ts';
import { reveal } from '../../src/core/base/secret.ts';
import type { RegistryLogin } from '../../src/core/host/docker.ts';
import { pullRefused } from '../../src/docker/pull-refused.ts';
import { DOCKER_CONFIG } from '../../src/tasks/image/host-login.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { formsOf } from '../lab/samplers/sentinels.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { SmallCluster } from './small-cluster.ts';

// An install from a registry with a login: where the password remains on the screen, in the journal and on the hosts.

const PASSWORD = `r3g$<i>s"try'/%41+=\\`;
const env = { ...process.env };
beforeAll(() => {
  const home = temporaryDirectory('home');
  Object.assign(process.env, {
    DB_PASSWORD: 'right',
    REGISTRY_PASSWORD: PASSWORD,
    XDG_STATE_HOME: home,
    XDG_CACHE_HOME: home,
  });
});
afterAll(() => {
  process.env = env;
});

type Given = 'in the inventory' | 'on the hosts';

/** A cluster whose registry accepts `puller` with this password, and repeats its input in refusals. */
function clusterWith(given: Given, right: string): SmallCluster {
  const cluster = new SmallCluster(2);
  if (given === 'in the inventory')
    cluster.edit(
      '  database:',
      '  registries: { registry.internal: { username: puller, password: !env REGISTRY_PASSWORD } }\n  database:',
    );
  const auth = Buffer.from(`puller:${PASSWORD}`).toString('base64');
  const content = JSON.stringify({ auths: { 'registry.internal': { auth } } });
  for (const host of cluster.hosts.values()) {
    if (!(host instanceof DockerHost)) continue;
    if (given === 'on the hosts') {
      host.files.makeDirectory('/root/.docker', { mode: '0700', owner: 'root', group: 'root' });
      host.files.write(DOCKER_CONFIG, Buffer.from(content), { mode: '0600', owner: 'root', group: 'root' });
    }
    const { engine } = host;
    const guarded =
      <T>(act: (ref: string, login?: RegistryLogin) => Promise<T>) =>
      async (ref: string, login?: RegistryLogin): Promise<T> => {
        const sent = login === undefined ? '' : reveal(login.password);
        if (login?.username === 'puller' && sent === right) return await act.call(engine, ref, login);
        const header = Buffer.from(`puller:${sent}`).toString('base64');
        throw pullRefused(ref, `pull image ${ref}`, `unauthorized: ${JSON.stringify(sent)} Basic ${header}`, login);
      };
    engine.pull = guarded(engine.pull);
    engine.digestOf = guarded(engine.digestOf);
  }
  return cluster;
}

const textsBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));

describe.each<Given>(['in the inventory', 'on the hosts'])('a login that is %s', (given) => {
  test.each([
    ['right', PASSWORD, 0],
    ['wrong', 'an0ther-password', 2],
  ])('and %s is in no output or file', async (_, right, expected) => {
    const cluster = clusterWith(given, right);
    const inventory = join(temporaryDirectory('inventory'), 'prod.yaml');
    writeFileSync(inventory, cluster.text);
    const state = temporaryDirectory('state');
    process.env.XDG_STATE_HOME = state;
    const flags = {
      forks: '20',
      extraVars: [],
      withoutLb: [],
      onHold: 'stop',
      lockWait: '0s',
      output: 'json',
    } as const;
    const ran = await cluster.command((environment) => run('install', { ...flags, inventory }, { environment }));
    const journal = textsBelow(state);
    const onHosts = [...cluster.hosts].flatMap(([name, { files }]) =>
      [...files.keys()]
        .filter((path) => path !== DOCKER_CONFIG)
        .map((path) => `${name} ${path} ${files.get(path)?.content?.toString()}`),
    );
    const containers = [...cluster.hosts.values()].flatMap((host) =>
      host instanceof DockerHost
        ? ['api7-gateway', 'api7-dashboard', 'api7-dp-manager'].map((name) => JSON.stringify(host.engine.bodyOf(name)))
        : [],
    );
    expect([ran.exitCode === 0, journal.length > 0]).toEqual([expected === 0, true]);
    if (expected !== 0) {
      const source = given === 'in the inventory' ? 'api7.registries.registry.internal' : `${DOCKER_CONFIG} on cp-1`;
      expect(ran.printed).toContain(`registry.internal refused the login of puller (${source}`);
    }
    for (const artefact of [ran.printed, ran.errors, ...journal, ...onHosts, ...containers]) {
      const shown = formsOf(PASSWORD).filter((form) => artefact?.includes(form));
      expect([shown, artefact?.includes(Buffer.from(`puller:${PASSWORD}`).toString('base64'))]).not.toContainEqual(
        true,
      );
      expect(shown).toEqual([]);
    }
  });
});
