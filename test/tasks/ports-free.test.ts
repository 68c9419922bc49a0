import { expect, test } from 'vitest';
import { portsFree } from '../../src/tasks/ports-free.ts';
import { digest } from '../docker/archives.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/run-fake.ts';

async function hostWith(name: string, address: string, running = true): Promise<DockerHost> {
  const host = new DockerHost();
  host.engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, 'a:1');
  const PortBindings = { '80/tcp': [{ HostIp: address, HostPort: '9080' }] };
  await host.engine.create(name, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings } });
  if (running) await host.engine.start(name);
  return host;
}

const gate = (host: DockerHost, address: string) =>
  runPlays(
    [host],
    onePlay(function* () {
      yield portsFree({
        ports: [
          { address, port: 9080 },
          { address, port: 7085 },
        ],
        except: ['api7-gateway'],
      });
    }),
  );

test.each([
  ['all addresses against all', 'old-nginx', '0.0.0.0', '0.0.0.0', true],
  ['one address against all', 'old-nginx', '10.0.0.1', '0.0.0.0', true],
  ['all against one', 'old-nginx', '0.0.0.0', '127.0.0.1', true],
  ['two different addresses', 'old-nginx', '10.0.0.1', '127.0.0.1', false],
  ['our own container', 'api7-gateway', '0.0.0.0', '0.0.0.0', false],
])('%s', async (_, name, held, wanted, taken) => {
  const { codes, events } = await gate(await hostWith(name, held), wanted);
  expect(codes).toEqual(taken ? ['PORT_TAKEN'] : []);
  if (taken)
    expect(JSON.stringify(events)).toContain('port 0.0.0.0:9080 is held by container'.replace('0.0.0.0', wanted));
  if (taken) expect(JSON.stringify(events)).toContain('docker stop old-nginx');
});

test('a stopped container holds nothing', async () => {
  expect((await gate(await hostWith('old-nginx', '0.0.0.0', false), '0.0.0.0')).codes).toEqual([]);
});
