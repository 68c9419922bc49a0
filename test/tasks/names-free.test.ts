import { expect, test } from 'vitest';
import { namesFreeBut } from '../../src/tasks/names-free.ts';
import { DockerHost } from '../docker/docker-host.ts';

async function hostWith(
  name: string,
  { running = false, labels = {} }: { readonly running?: boolean; readonly labels?: Record<string, string> } = {},
): Promise<{ readonly host: DockerHost; readonly id: string }> {
  const host = new DockerHost();
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  const id = await host.engine.create(name, {
    Image: 'a:1',
    Labels: labels,
    HostConfig: { RestartPolicy: { Name: 'no' } },
  });
  if (running) await host.engine.start(name);
  return { host, id };
}

async function refusedFor(host: DockerHost, adoptable: readonly string[] = []) {
  const takeOver = { by: 'api7-orch run install --adopt', now: false, containers: async () => adoptable };
  const { bound } = namesFreeBut(takeOver)({ names: ['api7-dashboard', 'api7-gateway'] });
  const state = await bound.read(host, undefined);
  return state !== null && bound.result(state) === '' ? undefined : bound.unmet(state);
}

test.each([
  ['another name', 'nice_bell', {}],
  ['a container of api7-orch, stopped', 'api7-gateway', { labels: { 'api7-orch.spec': 'v1:1' } }],
  ['a container of api7-orch', 'api7-gateway', { running: true, labels: { 'api7-orch.spec': 'v1:1' } }],
])('%s is not in the way', async (_what, name, options) => {
  expect(await refusedFor((await hostWith(name, options)).host)).toBeUndefined();
});

const RENAME = 'docker rename api7-gateway api7-gateway-earlier';

test('a stopped container of an operator: it is to be renamed', async () => {
  const { host, id } = await hostWith('api7-gateway');
  expect(await refusedFor(host, [id])).toMatchObject({
    code: 'NAME_TAKEN',
    message: 'api7-gateway: a container that api7-orch did not create has this name',
    hint: `give it another name, under which it stays as it is: ${RENAME}`,
  });
});

test('a running one: it is to be taken over if it can be, else stopped and renamed', async () => {
  const { host, id } = await hostWith('api7-gateway', { running: true });
  expect((await refusedFor(host, [id]))?.hint).toBe(
    'to take it over without an interruption: api7-orch run install --adopt',
  );
  expect((await refusedFor(host))?.hint).toContain(`stop it (docker stop api7-gateway), then give it another name`);
});
