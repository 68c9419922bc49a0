import { expect, test } from 'vitest';
import type { Automation } from '../../src/core/host/connection.ts';
import { leftAlone } from '../../src/tasks/left-alone.ts';
import { digest } from '../docker/archives.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { warningsIn } from '../support/base/events.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

async function warnings(
  of: 'containers' | 'balancer',
  automation: Partial<Automation> = {},
  image = 'nginx:1',
): Promise<readonly string[]> {
  const host = new DockerHost({ automation });
  host.engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, image);
  await host.engine.create('helper', { Image: image, HostConfig: { RestartPolicy: { Name: 'no' } } });
  await host.engine.start('helper');
  const run = await runPlays(
    [host],
    onePlay(function* () {
      yield leftAlone({ of });
    }),
  );
  expect(run.report.exitCode).toBe(0);
  return warningsIn(run.events);
}

test('a host that is left alone warns of nothing', async () => {
  expect(await warnings('containers')).toEqual([]);
  expect(await warnings('balancer')).toEqual([]);
});

test.each<[string, Partial<Automation>, string, RegExp]>([
  [
    'a prune',
    { prunes: ['/etc/cron.daily/clean'] },
    'nginx:1',
    /cron\.daily\/clean runs docker prune, .*: remove it, or/,
  ],
  [
    'watchtower',
    {},
    'containrrr/watchtower:latest',
    /: helper replaces containers without a drain \(watchtower\): stop it/,
  ],
  [
    'upgrades',
    { upgrades: ['docker.io'] },
    'nginx:1',
    /docker\.io is upgraded by unattended-upgrades, .*: apt-mark hold it/,
  ],
  ['another management', { managers: ['puppet.service'] }, 'nginx:1', /puppet\.service may change files .*: pause it/],
])('warned of on a host with containers, with a hint: %s', async (_, automation, image, text) => {
  expect(await warnings('containers', automation, image)).toEqual([expect.stringMatching(text)]);
});

test('on the host of a balancer only the possible causes of a reload matter', async () => {
  const automation = { prunes: ['/etc/cron.daily/clean'], upgrades: ['docker.io'], managers: ['puppet.service'] };
  expect(await warnings('balancer', automation)).toEqual([
    expect.stringMatching(/puppet\.service may reload the balancer during a run, which can lose a drain: pause it/),
  ]);
});
