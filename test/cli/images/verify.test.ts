import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GATEWAY_FILES, NO_DIRECTIVE } from '../../../src/api7/image-contract/gateway-files.ts';
import { IN_IMAGE } from '../../../src/api7/paths.ts';
import { imagesLines } from '../../../src/cli/images/table.ts';
import { type ImagesVerifyFlags, imagesVerify } from '../../../src/cli/images/verify.ts';
import { verifyContainer } from '../../../src/core/host/leftover-names.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import type { FakeDocker } from '../../../src/testing/fake-docker.ts';
import { DockerHost } from '../../docker/docker-host.ts';
import { TextStream } from '../../render/text-stream.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { LbScene } from '../lb/scene.ts';

const REFS = {
  dashboard: 'api7/api7-ee-3-integrated:v3.10.5',
  dpManager: 'api7/api7-ee-dp-manager:v3.10.5',
  gateway: 'api7/api7-ee-3-gateway:3.10.5',
} as const;

const STATUSES: Readonly<Record<string, number>> = {
  '/door': 200,
  '/v1/schema': 200,
  '/status': 200,
  '/status/ready': 503,
  '/healthz': 503,
};

/** The user and the version of the gateway. */
let identity = '636\n636\n3.10.5';
let scene: LbScene;
let flags: ImagesVerifyFlags;
let directory: string;
const before = process.cwd();
let errors: TextStream;

function hostWithImages(name: string, ...refs: readonly string[]): DockerHost {
  const host = new DockerHost({
    name,
    http: ({ path }) => ({
      status: STATUSES[path] ?? (path === '/api/version' ? 200 : 404),
      body: path === '/api/version' ? '{"value":"v3.10.5"}' : '',
    }),
  });
  for (const ref of refs) load(host.engine, ref);
  host.engine.program = ({ Entrypoint, Cmd }, files) => {
    const script = Cmd?.[1] ?? '';
    if (Entrypoint === undefined || script.includes('PEER_CONFIG')) return undefined;
    if (script.startsWith('id -u')) return { exitCode: 0, log: identity };
    const text = files.get(IN_IMAGE.gatewayConfig);
    if (text === GATEWAY_FILES.broken) return { exitCode: 1, log: 'not YAML' };
    return text === GATEWAY_FILES.wrongSnippet ? { exitCode: 1, log: NO_DIRECTIVE } : { exitCode: 0, log: '' };
  };
  return host;
}

function load(engine: FakeDocker, ref: string): void {
  engine.loadArchive({ classic: `sha256:${ref}`, containerd: `sha256:${ref}` }, ref);
  engine.configureImage(ref, {
    Env: ['PATH=/usr/bin', 'TOKEN=of-the-image'],
    Entrypoint: ['/start'],
    ...(ref === REFS.gateway ? { User: '636', StopSignal: 'SIGQUIT' } : {}),
  });
}

const host = (name: string): DockerHost => scene.hosts[name] as DockerHost;

async function verify(more: Partial<ImagesVerifyFlags> = {}, outside = scene.outside) {
  errors = new TextStream();
  const stderr = errors as unknown as NodeJS.WriteStream;
  return await imagesVerify({ ...flags, ...more }, { ...outside, stderr });
}

const files = (): readonly string[] => readdirSync(directory);

/** Containers and temporary files that remain on a host. */
const left = async (name: string): Promise<readonly string[]> => [
  ...(await host(name).engine.containers()).flatMap(({ Names }) => Names),
  ...Object.keys(host(name).files.tree('/run/api7-orch') ?? {}).filter((path) => path.includes('verify')),
];

beforeEach(() => {
  identity = '636\n636\n3.10.5';
  scene = new LbScene({
    more: {
      'cp-1': hostWithImages('cp-1', REFS.dashboard, REFS.dpManager),
      'gw-1': hostWithImages('gw-1', REFS.gateway),
    },
  });
  flags = { inventory: scene.file, forks: '5', lockWait: '0s' };
  directory = temporaryDirectory('verify-test');
  process.chdir(directory);
});

afterEach(() => process.chdir(before));

describe('images verify', () => {
  test('tries the images on one host of each group, leaves no files there, and writes no file without a difference', async () => {
    expect(await verify()).toBe(0);
    expect(scene.connected.toSorted()).toEqual(['cp-1', 'gw-1']);
    expect(scene.printed).toMatch(/^dashboard +cp-1 +8 of 8 /m);
    expect(scene.printed).toMatch(/^gateway +gw-1 +11 of 12 /m);
    expect(scene.printed).toMatch(/^OK: 3 images as expected, 2 not shown$/m);
    expect(files()).toEqual([]);
    expect([...(await left('cp-1')), ...(await left('gw-1'))]).toEqual([]);
  });

  test('names the differences, with exit code 2 and a file of its owner alone', async () => {
    identity = '0\n0\n3.10.5';
    expect(await verify()).toBe(2);
    expect(scene.printed).toMatch(/^gateway +user +uid 636, group 636 +uid 0, group 0$/m);
    const [file = ''] = files();
    expect(file).toMatch(/^images-verify-prod-\d{4}-\d\d-\d\d-\d{6}\.json$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(errors.text).toContain(`written to ${file}`);
    const text = readFileSync(file, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ cluster: 'prod', images: [{}, {}, { service: 'gateway', host: 'gw-1' }] });
    // Of variables only the names; of the inventory no secret.
    expect(text).toContain('"TOKEN"');
    expect(text).not.toMatch(/of-the-image|some-password|some-token/);
  });

  test('an image that repeats a secret of the inventory does not get it into the file', async () => {
    identity = 'some-password\nsome-token';
    expect(await verify({ out: 'mine.json' })).toBe(0);
    expect(readFileSync('mine.json', 'utf8')).toContain('***');
    expect(readFileSync('mine.json', 'utf8')).not.toMatch(/some-(?:password|token)/);
  });

  test('holds the locks of its hosts, and of no balancer, while it runs', async () => {
    const held = new Set<string>();
    host('gw-1').engine.onWrite = () => {
      if (host('gw-1').locks.record?.verb === 'images verify') held.add('gw-1');
    };
    expect(await verify()).toBe(0);
    expect([...held]).toEqual(['gw-1']);
    expect(scene.connected).not.toContain('lb-1');
    expect(host('gw-1').locks.record).toBeNull();
  });

  test('--on tries the images of that host; an unknown host is refused', async () => {
    expect(await verify({ on: 'gw-1' })).toBe(0);
    expect(scene.connected).toEqual(['gw-1']);
    await expect(verify({ on: 'gw-9' })).rejects.toMatchObject({ code: 'HOST_UNKNOWN' });
    await expect(verify({ on: 'gw-1', local: true })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('an unreachable host refuses it', async () => {
    scene.dead.add('cp-1');
    expect(await verify()).toBe(2);
    expect(errors.text).toContain('CONNECT_REFUSED');
    expect(await left('gw-1')).toEqual([]);
  });

  test('a missing image is pulled; a failed pull is an error, and the others are tried', async () => {
    host('cp-1').engine.untag(REFS.dashboard);
    expect(await verify()).toBe(3);
    expect(scene.printed).toContain('IMAGE_PULL_FAILED on cp-1');
    expect(scene.printed).toMatch(/^dp-manager +cp-1 +7 of 8/m);
    expect(scene.printed).toMatch(/^INCOMPLETE: 2 not shown, 1 error$/m);
    host('cp-1').engine.pullable.set(REFS.dashboard, { classic: 'sha256:a', containerd: 'sha256:b' });
    host('cp-1').engine.onWrite = (call) => {
      if (call === 'pull') host('cp-1').engine.configureImage('sha256:a', { Entrypoint: ['/start'] });
    };
    expect(await verify()).toBe(0);
  });

  test('the remains of an earlier one are removed', async () => {
    const { engine } = host('gw-1');
    const name = verifyContainer('gateway-peer', '3f9a');
    await engine.create(name, { Image: REFS.gateway, HostConfig: { RestartPolicy: { Name: 'no' } } });
    await engine.start(name);
    expect(await verify()).toBe(0);
    expect(await left('gw-1')).toEqual([]);
  });

  test('an Engine that fails halfway: an error of that host, and no container stays', async () => {
    let created = 0;
    host('gw-1').engine.onWrite = (call) => {
      if (call === 'create' && ++created === 5) throw new Error('the Engine is gone');
    };
    expect(await verify()).toBe(3);
    expect(scene.printed).toContain('the Engine is gone');
    expect(await left('gw-1')).toEqual([]);
  });
});

describe('the table', () => {
  const finding = { what: 'configuration file', expected: 'read at its path', outcome: 'differs' } as const;
  const report = {
    at: '2026-11-29T00:00:00Z',
    version: '0.1.0',
    cluster: 'prod',
    errors: [],
    images: [
      {
        service: 'dpManager' as const,
        ref: REFS.dpManager,
        host: 'cp-1',
        engine: '28',
        facts: {
          id: '',
          digests: [],
          architecture: '',
          user: '',
          entrypoint: [],
          cmd: [],
          stopSignal: '',
          ports: [],
          variables: [],
        },
        findings: [
          {
            ...finding,
            found: 'not read: exit code 1: cannot read /app/conf/another-name-of-it.yaml',
            next: 'do not install it: it would not get the database of the inventory; it is mounted at /app/conf/config.yaml',
          },
        ],
      },
    ],
  };

  test('at 80 columns nothing is cut, and no line is longer', () => {
    const lines = imagesLines(report, { paint: noPaint, width: 80 });
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('\n')).not.toContain('…');
    expect(lines).toEqual([
      'IMAGE       HOST  MET     REFERENCE',
      'dp-manager  cp-1  0 of 1  api7/api7-ee-dp-manager:v3.10.5',
      '',
      'Different',
      'IMAGE       WHAT                EXPECTED          FOUND',
      'dp-manager  configuration file  read at its path  not read: exit code 1: cannot',
      '                                                  read',
      '                                                  /app/conf/another-name-of-it.y',
      '                                                  aml',
      '            hint: do not install it: it would not get the database of the',
      '            inventory; it is mounted at /app/conf/config.yaml',
      '',
      'DIFFERENT: 1 difference',
    ]);
  });
});
