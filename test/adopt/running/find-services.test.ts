import { describe, expect, test } from 'vitest';
import { findServices } from '../../../src/adopt/running/find-services.ts';
import type { RunningService } from '../../../src/adopt/running/running-service.ts';
import { CONFIG, type Recorded, recorded, recordedHost, UID } from './recorded-host.ts';

const only = async (
  documents: readonly Recorded[],
  around: Parameters<typeof recordedHost>[1] = {},
  unmanaged: readonly string[] = [],
): Promise<RunningService> => {
  const { services } = await findServices(recordedHost(documents, around), { unmanaged });
  const [first] = services;
  if (first === undefined) throw new Error('nothing was found');
  return first;
};

const codes = async (...args: Parameters<typeof only>): Promise<readonly string[]> =>
  (await only(...args)).refusals.map(({ code }) => code);

describe('what the user set', () => {
  test("the vendor page's line: no name, a mounted configuration", async () => {
    const found = await only([recorded('vendor')]);
    expect(found).toMatchObject({
      service: 'gateway',
      container: { managed: false },
      image: { version: '3.10.5', ref: 'registry.example.com:5000/team/api7/api7-ee-3-gateway:3.10.5' },
      config: { source: '/srv/api7/config.yaml', content: { apisix: {} } },
      uid: UID,
      refusals: [],
    });
    expect(found.container.name).toMatch(/^[a-z]+_[a-z]+\d?$/);
    const { ports, ...settings } = found.settings;
    expect(ports.map(({ host, container, addresses }) => [host, container, ...addresses])).toEqual([
      [39080, 9080, '0.0.0.0'],
      [39443, 9443, '0.0.0.0'],
    ]);
    // The image brings variables, labels, a user, a volume, a stop signal and a health check: none of them is the user's.
    expect(settings).toEqual({
      env: {},
      labels: {},
      mounts: [],
      log: { driver: 'json-file', options: {} },
      extraHosts: {},
      dns: [],
      networkMode: 'bridge',
    });
  });

  test('the generated script: the login in variables, the configuration in the image', async () => {
    const found = await only([recorded('generated')]);
    expect(found.refusals).toEqual([]);
    expect(found.config.source).toBeUndefined();
    expect(Object.keys(found.settings.env).sort()).toEqual([
      'API7_CONTROL_PLANE_CA',
      'API7_CONTROL_PLANE_CERT',
      'API7_CONTROL_PLANE_ENDPOINTS',
      'API7_CONTROL_PLANE_KEY',
      'API7_CONTROL_PLANE_SNI',
      'API7_GATEWAY_GROUP_SHORT_ID',
    ]);
    expect(found.settings.env.API7_CONTROL_PLANE_ENDPOINTS?.reveal()).toBe('["https://10.0.0.10:7943"]');
    expect(JSON.stringify(found)).not.toContain('10.0.0.10');
    expect(found.certificates).toEqual([
      { place: '-e API7_CONTROL_PLANE_CERT' },
      { place: '-e API7_CONTROL_PLANE_CA' },
    ]);
  });

  test('every setting with a field in the inventory', async () => {
    const found = await only([recorded('settings')]);
    expect(found.refusals).toEqual([]);
    expect(found.container).toMatchObject({ name: 'gw' });
    expect(found.settings).toMatchObject({
      labels: { team: 'edge' },
      mounts: [{ source: '/srv/api7/plugins', target: '/opt/plugins', readOnly: true }],
      memory: 512 * 1024 * 1024,
      cpus: 1.5,
      log: { driver: 'json-file', options: { 'max-size': '10m' } },
      extraHosts: { 'db.internal': '10.0.9.1' },
      dns: ['10.0.0.2'],
    });
    // TZ has the value that the image brings.
    expect(Object.keys(found.settings.env)).toEqual(['REGION']);
    expect(found.settings.ports).toEqual([{ host: 39080, container: 9080, protocol: 'tcp', addresses: ['127.0.0.1'] }]);
  });

  test('a port that the Engine chose', async () => {
    const { settings, refusals } = await only([recorded('any-port')]);
    expect(refusals).toEqual([]);
    expect(settings.ports.map(({ container }) => container)).toEqual([9080, 9443]);
    for (const { host } of settings.ports) expect(host).toBeGreaterThan(1024);
  });
});

describe('refused', () => {
  test.each([
    ['auto-remove', ['AUTO_REMOVE']],
    ['command', ['COMMAND']],
    ['entry-point', ['COMMAND']],
    ['anonymous-volume', ['ANONYMOUS_VOLUME']],
    ['named-volume', ['MOUNT']],
    ['directory', ['MOUNT']],
    ['tmpfs', ['SETTING']],
    ['privileged', ['PRIVILEGED', 'SETTING']],
    ['device', ['PRIVILEGED']],
    ['network', ['NETWORK']],
    ['second-network', ['NETWORK']],
    ['host-network', ['HOST_NETWORK']],
    ['other-settings', ['SETTING']],
    ['other-port', ['PORTS']],
    ['two-host-ports', ['PORTS']],
    ['paused', ['NOT_RUNNING']],
  ])('%s', async (name, expected) => {
    const found = await only([recorded(name)]);
    expect(found.refusals.map(({ code }) => code)).toEqual(expected);
    for (const { message, hint } of found.refusals) {
      expect(message).toContain(`${found.container.name}: `);
      expect(hint).not.toBe('');
    }
  });

  test.each<[string, Partial<Recorded['container']['State']>, Parameters<typeof recordedHost>[1]]>([
    ['one that is paused', { Status: 'paused' }, {}],
    ['one that restarts', { Status: 'restarting' }, {}],
    ['one without its uid', {}, { onDisk: { '/usr/local/apisix/conf/apisix.uid': null } }],
    ['one without its configuration', {}, { onDisk: { [CONFIG]: null } }],
    ['one whose configuration was replaced', {}, { onDisk: { [CONFIG]: 'a: 1\n' } }],
  ])('the commands of hints quote the names on a host: %s', async (_, state, around) => {
    const hostile = recorded('vendor', (document) => ({
      ...document,
      container: {
        ...document.container,
        Name: '/x; reboot',
        State: { ...document.container.State, ...state },
      },
    }));
    const { refusals } = await only([hostile], around);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.hint).toContain("'x; reboot'");
  });

  test('a setting is named by its flag', async () => {
    const { refusals } = await only([recorded('other-settings')]);
    expect(refusals[0]?.message).toContain(
      '--init, --cap-add CAP_NET_ADMIN, --user 1000, --workdir /tmp, --health-cmd',
    );
  });

  test.each<[string, object]>([
    ['--ipc host', { IpcMode: 'host' }],
    ['--memory-swap 1', { MemorySwap: 1 }],
    ['--ulimit core', { Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }] }],
    ['--log-opt tag', { LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', tag: 'x' } } }],
    ['--oom-kill-disable', { OomKillDisable: true }],
    ['--runtime kata', { Runtime: 'kata' }],
    ['--volume …:/data:Z', { Binds: ['/srv/data:/data:ro,Z'] }],
  ])('a setting that the inventory has no field for: %s', async (flag, change) => {
    const changed = recorded('vendor', ({ container, ...document }) => ({
      ...document,
      container: { ...container, HostConfig: { ...container.HostConfig, ...change } },
    }));
    const [refusal] = (await only([changed])).refusals;
    expect(refusal).toMatchObject({ code: 'SETTING', message: expect.stringContaining(flag) });
  });

  test('an Engine that maps user ids', async () => {
    const info = { SecurityOptions: ['name=seccomp,profile=default', 'name=userns'] };
    const { refusals } = await only([recorded('vendor')], { info });
    expect(refusals.map(({ code }) => code)).toEqual(['USERNS']);
    expect(refusals[0]?.hint).toContain('drain the node first');
  });

  test('a reference that names another image by now, or none', async () => {
    const moved = recorded('vendor');
    const other = { ...moved.image, Id: 'sha256:other' };
    const now = (found: typeof other | null) => (ref: string) => (ref.startsWith('sha256:') ? undefined : found);
    expect(await codes([moved], { image: now(other) })).toEqual(['IMAGE_MOVED']);
    const { refusals } = await only([moved], { image: now(null) });
    expect(refusals[0]?.hint).toBe(`docker tag ${moved.container.Image} ${moved.container.Config.Image}`);
  });

  test('docker ps shows an id where the tag has moved: it is found all the same', async () => {
    const moved = recorded('vendor', (document) => ({
      ...document,
      summary: { ...document.summary, Image: document.container.Image.slice(7, 19) },
    }));
    expect(await codes([moved], { image: (ref) => (ref.startsWith('sha256:') ? undefined : null) })).toEqual([
      'IMAGE_MOVED',
    ]);
  });

  test('a second container of the service', async () => {
    const second = recorded('settings');
    const { services } = await findServices(recordedHost([recorded('vendor'), second]));
    expect(services.map(({ refusals }) => refusals.map(({ code }) => code))).toEqual([
      ['TWO_CONTAINERS'],
      ['TWO_CONTAINERS'],
    ]);
    expect(services[0]?.refusals[0]?.message).toContain('runs gw of the same service');
  });

  test.each([
    ['none', { [`${CONFIG.replace('config.yaml', 'apisix.uid')}`]: null }],
    ['no UUID', { [`${CONFIG.replace('config.yaml', 'apisix.uid')}`]: 'gateway-1\n' }],
    ['two', { [`${CONFIG.replace('config.yaml', 'apisix.uid')}`]: `${UID}\n${UID}\n` }],
  ])('a uid file with %s', async (_what, onDisk) => {
    expect(await codes([recorded('vendor')], { onDisk })).toEqual(['UID']);
  });

  test('apisix.id in the configuration', async () => {
    const seen = { [CONFIG]: 'apisix: { id: edge-1 }\n' };
    expect(await codes([recorded('vendor')], { seen })).toEqual(['APISIX_ID']);
  });

  test('an image without a version', async () => {
    const nameless = recorded('vendor', (document) => ({
      ...document,
      image: { ...document.image, Config: document.image.Config && { ...document.image.Config, Labels: null } },
      container: {
        ...document.container,
        Config: { ...document.container.Config, Image: 'api7/api7-ee-3-gateway:latest', Labels: null },
      },
    }));
    const { refusals } = await only([nameless]);
    expect(refusals.map(({ code }) => code)).toEqual(['VERSION']);
    expect(refusals[0]?.hint).toContain(`docker tag ${nameless.container.Image} api7/api7-ee-3-gateway:3.10.5`);
  });
});

describe('the configuration', () => {
  test('a file that was replaced since the start is not the one that its process has', async () => {
    const found = await only([recorded('vendor')], { onDisk: { [CONFIG]: 'apisix: { node_listen: 80 }\n' } });
    expect(found.refusals.map(({ code }) => code)).toEqual(['CONFIG_EDITED']);
    expect(found.config.content).toBeUndefined();
  });

  test('a file that was written after the start may not be the one that its process has read', async () => {
    const startedMs = Date.parse(recorded('vendor').container.State.StartedAt);
    expect(await codes([recorded('vendor')], { modifiedMs: startedMs + 60_000 })).toEqual(['CONFIG_EDITED']);
    expect(await codes([recorded('vendor')], { modifiedMs: startedMs - 60_000 })).toEqual([]);
    // Nothing of the host is mounted: the entry point may write it.
    expect(await codes([recorded('generated')], { modifiedMs: startedMs + 60_000 })).toEqual([]);
  });

  test('a file of comments is an empty configuration', async () => {
    const { config, refusals } = await only([recorded('vendor')], { seen: { [CONFIG]: '# The defaults hold.\n' } });
    expect({ content: config.content, refusals }).toEqual({ content: {}, refusals: [] });
  });

  test.each([
    ['two documents', {}, { [CONFIG]: 'a: 1\n---\na: 2\n' }],
    ['nothing', { [CONFIG]: null }, {}],
    ['no YAML', {}, { [CONFIG]: 'a: [\n' }],
    ['no block', {}, { [CONFIG]: 'text\n' }],
    ['more than memory holds', {}, { [CONFIG]: bomb() }],
  ])('%s', async (_what, onDisk, seen) => {
    expect(await codes([recorded('vendor')], { onDisk, seen })).toEqual(['CONFIG_UNREADABLE']);
  });
});

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  return `${lines.join('\n')}\n`;
}

describe('owners', () => {
  const FILE = '/srv/api7/docker-compose.yaml';

  test('a compose project whose file is there, until the file is moved away or --unmanaged names the container', async () => {
    const { refusals } = await only([recorded('compose')], { files: [FILE] });
    expect(refusals.map(({ code }) => code)).toEqual(['COMPOSE']);
    expect(refusals[0]?.hint).toContain(`mv ${FILE} ${FILE}.released`);
    expect(await codes([recorded('compose')], { files: [FILE] }, ['api7-gateway-1'])).toEqual([]);
    expect(await codes([recorded('compose')], { files: [FILE] }, ['another'])).toEqual(['COMPOSE']);
  });

  // docker-compose 1 labels its containers with the words of its command line.
  test.each(['docker-compose.yaml', 'api7/docker-compose.yaml'])(
    'a project whose label has %s: it is looked for in the directory of the project',
    async (label) => {
      const document = recorded('compose', ({ container, ...others }) => {
        const Labels = {
          ...container.Config.Labels,
          'com.docker.compose.project.config_files': label,
          'com.docker.compose.project.working_dir': '/srv/api7',
        };
        return { ...others, container: { ...container, Config: { ...container.Config, Labels } } };
      });
      const { refusals } = await only([document], { files: [FILE] });
      expect(refusals.map(({ code }) => code)).toEqual(['COMPOSE']);
      expect(refusals[0]?.hint).toContain(`mv ${FILE} ${FILE}.released`);
      expect(await codes([document], { files: [`${FILE}.released`] })).toEqual([]);
      // It may be elsewhere: the directory of the project can be stated, too.
      expect(await codes([document])).toEqual(['COMPOSE']);
      expect(await codes([document], {}, ['api7-gateway-1'])).toEqual([]);
    },
  );

  test('a compose project with a network of its own: its file has to name bridge', async () => {
    const document = recorded('compose', ({ container, ...others }) => ({
      ...others,
      container: { ...container, HostConfig: { ...container.HostConfig, NetworkMode: 'api7_default' } },
    }));
    const { refusals } = await only([document], { files: [FILE] });
    expect(refusals.map(({ code, hint }) => [code, hint])).toEqual([
      [
        'NETWORK',
        expect.stringMatching(/^set network_mode: bridge .* docker compose up -d while its node is drained$/),
      ],
      ['COMPOSE', expect.any(String)],
    ]);
  });

  const unit = (path: string, text: string): string => `\n\u0001unit ${path}\n${text}\n`;

  test.each([
    ['its name', 'ExecStart=/usr/bin/docker start -a gw'],
    ['its image', 'ExecStart=docker run \\\n  -p 9080:9080 \\\n  api7/api7-ee-3-gateway:3.9.0'],
  ])('a systemd unit that names %s', async (_what, text) => {
    const units = unit('/etc/systemd/system/edge.service', `[Service]\n${text}`);
    const { refusals } = await only([recorded('settings')], { units });
    expect(refusals.map(({ code }) => code)).toEqual(['SYSTEMD']);
    expect(refusals[0]?.hint).toContain(
      'mv /etc/systemd/system/edge.service /etc/systemd/system/edge.service.released; then: systemctl daemon-reload',
    );
    expect(await codes([recorded('settings')], { units }, ['gw'])).toEqual([]);
  });

  test('a unit that is named as the container, which it starts as %n', async () => {
    const units = unit('/etc/systemd/system/gw.service', 'ExecStart=docker start -a %N');
    expect(await codes([recorded('settings')], { units })).toEqual(['SYSTEMD']);
  });

  test('other units are not its owners', async () => {
    const units = unit('/etc/systemd/system/web.service', 'Description=not gw\nExecStart=docker start -a web');
    expect(await codes([recorded('settings')], { units })).toEqual([]);
  });
});

describe('not among the services', () => {
  test.each([
    ['one that publishes nothing', recorded('unpublished'), 'it publishes no port of a gateway'],
    [
      'a stopped one',
      recorded('vendor', ({ container, ...document }) => ({
        ...document,
        container: { ...container, State: { ...container.State, Running: false, Status: 'exited', Pid: 0 } },
      })),
      'it is exited',
    ],
  ])('%s', async (_what, document, why) => {
    const { services, aside } = await findServices(recordedHost([document]));
    expect(services).toEqual([]);
    expect(aside.map((one) => one.why)).toEqual([why]);
  });

  test('a container of another image', async () => {
    const other = recorded('vendor', (document) => ({
      summary: { ...document.summary, Image: 'nginx:1' },
      image: { ...document.image, RepoTags: ['nginx:1'], RepoDigests: [] },
      container: { ...document.container, Config: { ...document.container.Config, Image: 'nginx:1' } },
    }));
    expect(await findServices(recordedHost([other]))).toEqual({ host: 'gw-1', services: [], aside: [] });
  });

  test('one that api7-orch made has nothing to be refused', async () => {
    const ours = recorded('other-settings', ({ container, ...document }) => ({
      ...document,
      container: { ...container, Config: { ...container.Config, Labels: { 'api7-orch.spec': 'abc' } } },
    }));
    expect(await only([ours])).toMatchObject({ container: { managed: true }, refusals: [] });
  });
});
