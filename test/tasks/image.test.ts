import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pullOf } from '../../src/api7/images.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { archivedImages } from '../../src/tasks/image/archived-images.ts';
import { normalRef } from '../../src/tasks/image/find-image.ts';
import { type ImageLocal, localOfImage } from '../../src/tasks/image/image-local.ts';
import { image } from '../../src/tasks/image.ts';
import { package_ } from '../../src/tasks/package.ts';
import {
  digest,
  dockerArchive,
  type Files,
  ociArchive,
  platformsArchive,
  streamOf,
  tarGzOf,
  tarOf,
} from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const directory = temporaryDirectory('image');

let count = 0;
async function packageOf(files: Files): Promise<string> {
  const path = join(directory, `package-${count++}.tar.gz`);
  const archive = await tarGzOf(files);
  writeFileSync(path, archive);
  await registerPackage(archive);
  return path;
}

const REF = 'api7/api7-ee-3-gateway:3.10.5';
const MEMBER = 'images/api7-ee-3-gateway-3.10.5.tar.gz';

const run = (
  host: DockerHost,
  from: string | undefined,
  options: { ref?: string; archive?: string; check?: boolean } = {},
) =>
  runPlays(
    [host],
    onePlay(function* () {
      const pkg = from === undefined ? undefined : package_({ from, into: '/opt/api7/package' });
      if (pkg !== undefined) yield pkg;
      yield image({
        ref: options.ref ?? REF,
        ...(pkg && { from: pkg }),
        ...(options.archive !== undefined && { archive: options.archive }),
      });
    }),
    { check: options.check ?? false },
  );

const local = (from: string, ref = REF, archive?: string): Promise<ImageLocal> =>
  localOfImage(
    image({ ref, from: package_({ from, into: '/p' }), ...(archive !== undefined && { archive }) }),
    localFiles(),
  );

describe('the ids of an image in an archive', () => {
  test('of the older format are that of its configuration, and that of the manifest containerd makes of it', async () => {
    const { archive, config } = await dockerArchive([REF]);
    const [only, ...rest] = await archivedImages(streamOf(archive));
    expect(rest).toEqual([]);
    expect(only).toMatchObject({ id: config, tags: [REF], platforms: [{ architecture: 'amd64' }] });
    expect(only?.platforms[0]?.accepted).toEqual([config, expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
  });

  test('the manifest that containerd makes is pinned, with its digest', async () => {
    const [only] = await archivedImages(streamOf((await dockerArchive(['a/b:1'], 'pinned')).archive));
    expect(only?.platforms[0]?.accepted).toMatchInlineSnapshot(`
      [
        "sha256:be5db32c17ddd67148857df86cd0ad3a772642ac2bb3faba9c7c8cfb22b602b9",
        "sha256:a4f4d5c5a7e05effb5bc6d70eaac8967ad872896cf6e7040a7cb129ca3cfd4a5",
      ]
    `);
  });

  test.each([true, false])(
    'of an OCI layout are those of configuration, manifest and index (manifest.json: %s)',
    async (withDockerManifest) => {
      const { archive, config, manifest, index } = await ociArchive(REF, { withDockerManifest });
      const [only, ...rest] = await archivedImages(streamOf(archive));
      expect(rest).toEqual([]);
      expect(only?.id).toBe(config);
      expect([...(only?.platforms[0]?.accepted ?? [])].sort()).toEqual([config, index, manifest].sort());
      expect(only?.tags.map(normalRef)).toContain(REF);
    },
  );

  test('are kept apart where an archive holds several images', async () => {
    const one = { Config: 'one.json', RepoTags: ['a/one:1'], Layers: [] };
    const two = { Config: 'two.json', RepoTags: ['a/two:1'], Layers: [] };
    const files = {
      'one.json': '{"architecture":"amd64"}',
      'two.json': '{"architecture":"arm64"}',
      'manifest.json': JSON.stringify([one, two]),
    };
    const images = await archivedImages(streamOf(await tarOf(files)));
    expect(images.map(({ id, tags, platforms }) => [id, tags, platforms[0]?.architecture])).toEqual([
      [digest(files['one.json']), ['a/one:1'], 'amd64'],
      [digest(files['two.json']), ['a/two:1'], 'arm64'],
    ]);
  });
});

describe('an archive of several platforms', () => {
  test.each([
    ['as docker save writes it', {}],
    ['with attestations', { attested: true }],
    ['an OCI layout alone', { withDockerManifest: false, attested: true }],
  ])('is one image with the ids of each: %s', async (_, options) => {
    const { archive, index, platforms } = await platformsArchive(REF, ['arm64', 'amd64'], options);
    const [only, ...rest] = await archivedImages(streamOf(archive));
    expect(rest).toEqual([]);
    expect(only?.id).toBe(index);
    expect(only?.platforms).toEqual(
      ['arm64', 'amd64'].map((architecture) => ({
        architecture,
        accepted: [platforms[architecture]?.config, index, platforms[architecture]?.manifest],
      })),
    );
  });

  test('may list them side by side', async () => {
    const { archive, platforms } = await platformsArchive(REF, ['arm64', 'amd64'], {
      withDockerManifest: false,
      nested: false,
    });
    const [only, ...rest] = await archivedImages(streamOf(archive));
    expect(rest).toEqual([]);
    expect(only?.platforms.map(({ accepted }) => accepted[0])).toEqual([
      platforms.arm64?.config,
      platforms.amd64?.config,
    ]);
  });

  test.each(['classic', 'containerd'] as const)(
    'gives each host its own platform, whichever comes last, on the %s store',
    async (store) => {
      const { archive, index, platforms } = await platformsArchive(REF, ['amd64', 'arm64']);
      const from = await packageOf({ [MEMBER]: archive });
      for (const [arch, architecture] of [
        ['x86_64', 'amd64'],
        ['aarch64', 'arm64'],
      ] as const) {
        const host = new DockerHost({ store, facts: { arch } });
        expect((await run(host, from)).rows).toEqual(['changed package /opt/api7/package', `changed image ${REF}`]);
        expect((await host.engine.image(REF))?.Id).toBe(store === 'classic' ? platforms[architecture]?.config : index);
        expect((await run(host, from)).rows).toEqual(['ok package /opt/api7/package', `ok image ${REF}`]);
      }
    },
  );

  test('that lacks the platform of the host is refused, with the names of those it has', async () => {
    const from = await packageOf({ [MEMBER]: (await platformsArchive(REF, ['arm64', 's390x'])).archive });
    const { codes, events } = await run(new DockerHost(), from);
    expect(codes).toEqual(['IMAGE_ARCHITECTURE']);
    expect(JSON.stringify(events)).toContain('is for arm64 and s390x, this host is x86_64');
  });
});

describe('an image archive that is too expensive to read', () => {
  const blobsOf = (documents: readonly string[]): Record<string, string> =>
    Object.fromEntries(documents.map((text) => [`blobs/${digest(text).replace(':', '/')}`, text]));
  const damaged = async (files: Files, why: string): Promise<void> => {
    const from = await packageOf({ 'a.tar': await tarOf(files) });
    await expect(local(from, REF, 'a.tar')).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: expect.stringContaining(why),
    });
  };

  test('reads an index once, however often and on however many levels it is listed', async () => {
    const config = '{"architecture":"amd64"}';
    const texts = [config, JSON.stringify({ config: { digest: digest(config) } })];
    for (let level = 0; level < 40; level++) {
      const child = { digest: digest(texts.at(-1) ?? '') };
      texts.push(JSON.stringify({ manifests: [child, child] }));
    }
    const top = { digest: digest(texts.at(-1) ?? ''), annotations: { 'io.containerd.image.name': REF } };
    const files = { ...blobsOf(texts), 'index.json': JSON.stringify({ manifests: [top] }) };
    const [only] = await archivedImages(streamOf(await tarOf(files)));
    expect(only).toMatchObject({ id: digest(config), platforms: [{ architecture: 'amd64' }] });
    expect(only?.platforms[0]?.accepted).toHaveLength(42);
  });

  test('is refused for a blob whose content does not match its name', async () => {
    const name = digest('{"architecture":"amd64"}').replace(':', '/');
    await damaged({ [`blobs/${name}`]: '{"architecture":"arm64"}' }, 'has the digest');
  });
});

describe('the archive of an image in a package', () => {
  test('is found by the name that its reference suggests', async () => {
    const { archive, config } = await dockerArchive([REF]);
    const other = await dockerArchive(['api7/other:1']);
    const from = await packageOf({ 'images/other-1.tar.gz': other.archive, [MEMBER]: archive });
    expect(await local(from)).toMatchObject({ member: MEMBER, id: config });
  });

  test('is found by its tags where its name does not match', async () => {
    const { archive, config } = await ociArchive(REF);
    const from = await packageOf({
      'images/blob.tar': archive,
      'images/other.tar.gz': (await dockerArchive(['x:1'])).archive,
    });
    expect(await local(from)).toMatchObject({ member: 'images/blob.tar', id: config });
    expect(await local(from, `docker.io/${REF}`)).toMatchObject({ id: config });
  });

  test('may be named, and then may hold one image of any name', async () => {
    const { archive, config } = await dockerArchive(['someone/else:9']);
    const from = await packageOf({ 'x/y.tar.gz': archive });
    expect(await local(from, REF, 'x/y.tar.gz')).toMatchObject({ member: 'x/y.tar.gz', id: config });
  });

  test.each([
    ['holds other images', { 'images/other-1.tar.gz': 'other' }, undefined, 'images/other-1.tar.gz'],
    ['holds no images', { VERSION: '1' }, undefined, 'no image archives'],
    ['lacks the named member', { 'images/other-1.tar.gz': 'other' }, 'images/x.tar.gz', 'images/other-1.tar.gz'],
  ])('a package that %s is refused, with its contents', async (_, files, archive, found) => {
    const other = (await dockerArchive(['api7/other:1'])).archive;
    const from = await packageOf(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text === 'other' ? other : text])),
    );
    await expect(local(from, REF, archive)).rejects.toMatchObject({
      code: 'PACKAGE_LACKS',
      message: expect.stringContaining(REF),
      details: expect.stringContaining(found),
    });
  });

  test('a package that is no image archive is damaged', async () => {
    const { archive } = await dockerArchive([REF]);
    const path = join(directory, 'damaged.tar.gz');
    writeFileSync(path, await tarGzOf({ [MEMBER]: archive.subarray(0, archive.length - 30) }));
    await expect(local(path)).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: expect.stringContaining(MEMBER),
    });
  });
});

describe.each(['classic', 'containerd'] as const)('image from a package, on the %s store', (store) => {
  test.each([
    ['the older format', () => dockerArchive([REF])],
    ['an OCI layout', () => ociArchive(REF)],
  ])('%s is loaded once, and recognized again', async (_, make) => {
    const { archive } = await make();
    const from = await packageOf({ [MEMBER]: archive });
    const host = new DockerHost({ store });
    expect((await run(host, from, { check: true })).rows).toEqual([
      'changed package /opt/api7/package',
      `changed image ${REF}`,
    ]);
    expect((await run(host, from)).rows).toEqual(['changed package /opt/api7/package', `changed image ${REF}`]);
    const { writes } = host;
    expect((await run(host, from)).rows).toEqual(['ok package /opt/api7/package', `ok image ${REF}`]);
    expect(host.writes).toBe(writes);
  });

  test('a tag that was moved to another image is corrected without loading again', async () => {
    const from = await packageOf({ [MEMBER]: (await dockerArchive([REF])).archive });
    const host = new DockerHost({ store });
    await run(host, from);
    host.engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, REF);
    const { writes } = host;
    expect((await run(host, from)).rows).toEqual(['ok package /opt/api7/package', `changed image ${REF}`]);
    expect(host.writes).toBe(writes + 1);
    expect((await run(host, from)).rows).toEqual(['ok package /opt/api7/package', `ok image ${REF}`]);
  });

  test('an archive whose image has another name is tagged as declared', async () => {
    const from = await packageOf({ 'images/a.tar.gz': (await dockerArchive(['someone/else:9'])).archive });
    const host = new DockerHost({ store });
    const options = { archive: 'images/a.tar.gz' };
    expect((await run(host, from, options)).codes).toEqual([]);
    expect((await run(host, from, options)).rows).toEqual(['ok package /opt/api7/package', `ok image ${REF}`]);
  });
});

describe('loading', () => {
  test.each([
    ['fails', { code: 1, stderr: 'open: permission denied' }, 'IMAGE_LOAD_FAILED'],
    ['finds no room', { code: 1, stderr: 'Error processing tar file: write /x: no space left on device' }, 'DISK_FULL'],
    ['finds no docker command', { code: 127, stderr: 'docker: not found' }, 'IMAGE_LOAD_FAILED'],
    ['brings another image', { code: 0 }, 'IMAGE_LOAD_FAILED'],
  ])('that %s is reported', async (_, result, code) => {
    const from = await packageOf({ [MEMBER]: (await dockerArchive([REF])).archive });
    const host = new DockerHost();
    await run(host, from);
    const copy = new DockerHost({ command: () => result });
    for (const [path, node] of host.files) copy.files.set(path, node);
    expect((await run(copy, from)).codes).toEqual([code]);
  });

  test('an image for another machine is refused before it is loaded', async () => {
    const from = await packageOf({ [MEMBER]: (await dockerArchive([REF], 'arm', 'arm64')).archive });
    const host = new DockerHost();
    const { codes, events } = await run(host, from);
    expect(codes).toEqual(['IMAGE_ARCHITECTURE']);
    expect(JSON.stringify(events)).toContain('arm64');
    expect(await host.engine.image(REF)).toBeNull();
  });
});

describe('image that is pulled', () => {
  const ids = { classic: digest('c'), containerd: digest('m') };

  test('is pulled when its tag is absent, and only then', async () => {
    const host = new DockerHost();
    host.engine.pullable.set(REF, ids);
    const check = await run(host, undefined, { check: true });
    const done = await run(host, undefined);
    expect(check.rows).toEqual([`changed image ${REF}`]);
    expect(done.rows).toEqual(check.rows);
    expect((await run(host, undefined)).rows).toEqual([`ok image ${REF}`]);
    expect((await host.engine.image(REF))?.Id).toBe(ids.classic);
  });

  test('logs in where its registry requires that, and names the refused login', async () => {
    const ref = 'registry.example.com:5000/api7/gateway:1';
    const pull = (host: DockerHost, login?: { username: string; password: Secret }) =>
      runPlays(
        [host],
        onePlay(function* () {
          yield image({ ref, ...(login && { login: { address: 'registry.example.com:5000', ...login } }) });
        }),
        {},
      );
    const host = new DockerHost();
    host.engine.pullable.set(ref, ids);
    host.engine.logins.set('registry.example.com:5000', { puller: 'r3gistry-pass' });
    const without = await pull(host);
    expect(without.codes).toEqual(['REGISTRY_DENIED']);
    expect(JSON.stringify(without.events)).toMatch(/no login for registry.example.com:5000 was given.*api7.registries/);
    const wrong = await pull(host, { username: 'puller', password: Secret.of('wr0ng-pass') });
    expect(wrong.codes).toEqual(['REGISTRY_DENIED']);
    expect(JSON.stringify(wrong.events)).toMatch(
      /registry.example.com:5000 refused the login of puller \(api7.registries.registry.example.com:5000 in the inventory\)/,
    );
    const right = await pull(host, { username: 'puller', password: Secret.of('r3gistry-pass') });
    expect(right.rows).toEqual([`changed image ${ref}`]);
    expect(JSON.stringify([wrong.events, right.events])).not.toMatch(/wr0ng-pass|r3gistry-pass/);
  });

  test('needs no package to be present already', async () => {
    const host = new DockerHost();
    host.engine.loadArchive(ids, REF);
    expect((await run(host, undefined)).rows).toEqual([`ok image ${REF}`]);
  });
});

test.each([
  ['a package that is no package task', () => image({ ref: REF, from: image({ ref: 'a:1' }) })],
  ['a reference with a space', () => image({ ref: 'a b' })],
])('%s is refused when the task is declared', (_, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'TASK_PARAMS' }));
});

test.each([
  ['docker.io/library/busybox', 'busybox:latest'],
  ['localhost:5000/a/b', 'localhost:5000/a/b:latest'],
  ['docker.io/api7/x:v1', 'api7/x:v1'],
  ['a/b@sha256:00', 'a/b@sha256:00'],
])('%s is %s', (ref, normal) => {
  expect(normalRef(ref)).toBe(normal);
});

test.each([
  ['registry.example.com/api7/x:1', 'ops'],
  ['REGISTRY.example.com/api7/x:1', 'ops'],
  ['registry.example.com:5000/api7/x:1', undefined],
  ['api7/x:1', 'hub'],
  ['docker.io/api7/x:1', 'hub'],
  ['index.docker.io/api7/x:1', 'hub'],
  ['x:1', 'hub'],
  ['localhost/x:1', undefined],
])('the login for %s is that of its registry: %s', (ref, user) => {
  const password = Secret.of('pull-secret');
  const registries = {
    'registry.example.com': { username: 'ops', password },
    'docker.io': { username: 'hub', password },
  };
  expect(pullOf({ registries, pulls: 4 }, ref).login?.username).toBe(user);
});
