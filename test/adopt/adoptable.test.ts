import { describe, expect, test } from 'vitest';
import { adoptable } from '../../src/adopt/adoptable.ts';
import type { OrchError } from '../../src/core/base/errors.ts';
import type { ContainerSpec } from '../../src/docker/spec.ts';
import { CONFIG, recorded, recordedHost, UID } from './running/recorded-host.ts';

const VENDOR = recorded('vendor');
const SPEC: ContainerSpec = {
  ref: VENDOR.container.Config.Image,
  env: {},
  labels: {},
  ports: { '9080/tcp': ['0.0.0.0:39080'], '9443/tcp': ['0.0.0.0:39443'], '7085/tcp': ['127.0.0.1:7085'] },
  mounts: {},
  restart: 'unless-stopped',
};
const SOURCE = '/opt/api7/gateway_conf/config.yaml';
const INVENTORY: Parameters<typeof adoptable>[0] = {
  service: 'gateway',
  container: 'api7-gateway',
  version: '3.10.5',
  spec: SPEC,
  block: 'api7.gateway',
  ownTargets: [CONFIG],
  statusPort: '7085/tcp',
  config: { source: SOURCE, target: CONFIG, content: { apisix: { status: { port: 7085 } } } },
  uid: UID,
};

type Around = NonNullable<Parameters<typeof recordedHost>[1]>;

/** The error of the gate; undefined: it is met. */
async function refusedFor(
  change: Partial<typeof INVENTORY> = {},
  around: Around = {},
  documents = [VENDOR],
): Promise<OrchError | undefined> {
  const { bound } = adoptable({ ...INVENTORY, ...change });
  const state = await bound.read(recordedHost(documents, around), undefined);
  return (state as { readonly met?: boolean } | null)?.met === true ? undefined : bound.unmet(state);
}

test('a container that is as the inventory describes it can be adopted', async () => {
  expect(await refusedFor()).toBeUndefined();
});

test('a host without the service has nothing to refuse', async () => {
  expect(await refusedFor({ service: 'dashboard' })).toBeUndefined();
});

const OTHER = UID.replace(/1$/, '2');

describe('a difference, named with what to do', () => {
  test.each<[string, Partial<typeof INVENTORY>, Around, string, string]>([
    [
      'another uid',
      { uid: OTHER },
      {},
      `its apisix.uid is ${UID}, by the inventory ${OTHER}`,
      `hosts.gw-1.uid: ${UID}`,
    ],
    ['another version', { version: '3.10.6' }, {}, 'it runs version 3.10.5, by the inventory 3.10.6', 'after the adop'],
    [
      'another image of that version',
      { spec: { ...SPEC, ref: 'mirror/api7-ee-3-gateway:3.10.5' } },
      { image: (ref) => (ref.startsWith('mirror/') ? { ...VENDOR.image, Id: 'sha256:other' } : undefined) },
      'it runs another image',
      'after the adoption',
    ],
    [
      'another configuration',
      {},
      { seen: { [CONFIG]: 'apisix: { node_listen: 80 }\n' } },
      'its configuration differs at apisix',
      'set under api7.config.gateway',
    ],
    [
      'another port',
      { spec: { ...SPEC, ports: { ...SPEC.ports, '9080/tcp': ['0.0.0.0:80'] } } },
      {},
      'port 9080/tcp is published on 0.0.0.0:39080',
      'api7.gateway.ports',
    ],
  ])('%s', async (_what, change, around, words, todo) => {
    const error = await refusedFor(change, around);
    expect(error).toMatchObject({ code: 'ADOPTION_DIFFERS', message: expect.stringContaining(words) });
    expect(error?.hint).toContain(todo);
  });
});

test('a refusal of discovery, and no difference beside it', async () => {
  const error = await refusedFor({ version: '3.10.6' }, {}, [
    recorded('vendor', (one) => ({
      ...one,
      container: { ...one.container, HostConfig: { ...one.container.HostConfig, AutoRemove: true } },
    })),
  ]);
  expect(error).toMatchObject({ code: 'ADOPTION_REFUSED', message: expect.stringContaining('--rm') });
  expect(error?.message).not.toContain('version');
});

describe('a file that was replaced since the process started', () => {
  const onDisk = { [CONFIG]: 'apisix: { node_listen: 80 }\n' };

  test('is refused where the operator wrote it', async () => {
    expect(await refusedFor({}, { onDisk })).toMatchObject({
      code: 'ADOPTION_REFUSED',
      message: expect.stringContaining('its process still has the old file'),
    });
  });

  test('is none where api7-orch writes that file: the configuration of the process is compared', async () => {
    const own = recorded('vendor', (one) => ({
      ...one,
      container: {
        ...one.container,
        HostConfig: { ...one.container.HostConfig, Binds: null },
        Mounts: [{ Type: 'bind', Source: SOURCE, Destination: CONFIG, RW: true }],
      },
    }));
    expect(await refusedFor({}, { onDisk }, [own])).toBeUndefined();
    const seen = { [CONFIG]: 'apisix: { node_listen: 81 }\n' };
    expect(await refusedFor({}, { onDisk, seen }, [own])).toMatchObject({ code: 'ADOPTION_DIFFERS' });
  });
});
