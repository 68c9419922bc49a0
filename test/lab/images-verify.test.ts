import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allServices } from '../../src/api7/services.ts';
import type { ImagesReport, VerifiedImage } from '../../src/cli/images/report.ts';
import { tryImages } from '../../src/cli/images/try-images.ts';
import { connectHere, imagesVerify } from '../../src/cli/images/verify.ts';
import { systemClock } from '../../src/core/base/clock.ts';
import { ENDINGS } from '../../src/core/host/leftover-names.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { TextStream } from '../render/text-stream.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { all } from './all.ts';
import { buildImage } from './build/build-image.ts';
import { ensurePackages, packagePath } from './build/packages.ts';
import { standIns } from './build/stand-ins.ts';
import { bytesOf } from './build/tar-bytes.ts';
import { engine, hasImage } from './hosts/engine.ts';

const RELEASE = '3.10.5';
const own = `api7-orch-images-verify-${process.pid}`;
let directory: string;

let docker: Docker;

const nameOf = (repository: string): string => `${own}/${repository.split('/').at(-1)}:${RELEASE}`;
const gateway = nameOf('api7/api7-ee-3-gateway');

/** Loads the stand-ins under names of this test alone: other labs use the same Engine. */
async function loadStandIns(): Promise<void> {
  for (const part of ['cp', 'dp'] as const) {
    const members = createReadStream(packagePath(RELEASE, part)).pipe(createGunzip()).pipe(extract());
    for await (const entry of members) {
      const bytes = await bytesOf(entry);
      if (!entry.header.name.startsWith('images/')) continue;
      const loading = await docker.loadImage(Readable.from([bytes]));
      await new Promise((resolve, reject) => {
        docker.modem.followProgress(loading, (error) => (error ? reject(error) : resolve(undefined)));
      });
    }
  }
  for (const { repository, tag } of standIns) {
    const image = docker.getImage(`${repository}:${tag(RELEASE)}`);
    await image.tag({ repo: nameOf(repository).split(':')[0] ?? '', tag: RELEASE });
  }
}

/** Gateways that are broken on purpose, made from the stand-in, and the differences that must be named. */
const BROKEN: Readonly<Record<string, { readonly lines: readonly string[]; readonly differs: object }>> = {
  'another user': {
    lines: ['USER 0'],
    // As root the stand-in's nginx needs a user that the image does not have.
    differs: { user: 'uid 0, group 0', 'apisix init': expect.stringMatching(/^exit code 1: .*test failed/) },
  },
  'another stop signal, and requests cut at SIGQUIT': {
    lines: [
      'USER 0',
      `RUN printf '%s\\n' '#!/bin/sh' 'apisix start & p=$!' 'trap "kill -TERM $p" QUIT TERM' 'wait $p; wait $p' >/start && chmod 755 /start`,
      'USER 636',
      'STOPSIGNAL SIGTERM',
      'ENTRYPOINT ["/start"]',
      'CMD []',
    ],
    differs: { 'stop signal': 'SIGTERM', 'quit on SIGQUIT': expect.stringMatching(/^cuts the request/) },
  },
  'another configuration path': {
    lines: [
      'USER 0',
      'RUN cp /usr/local/apisix/conf/config.yaml /usr/local/apisix/conf/konfig.yaml',
      'RUN busybox sed -i s#/conf/config.yaml#/conf/konfig.yaml# /opt/stand-in/gateway_settings.pyc',
      'USER 636',
    ],
    differs: { 'configuration file': 'not read: apisix init accepts a broken file there' },
  },
  'no /status': {
    lines: [
      'USER 0',
      `RUN busybox sed -i 's#location = /status {#location = /statuz {#' /opt/stand-in/nginx_conf.pyc`,
      'USER 636',
    ],
    differs: { '/status': '404' },
  },
  'another version': {
    lines: ['USER 0', 'RUN echo 3.10.4 >/opt/stand-in/VERSION', 'USER 636'],
    differs: { version: '3.10.4 (apisix version)' },
  },
};

const tagOf = (name: string): string => `${own}/broken:${Object.keys(BROKEN).indexOf(name)}`;

const leftBehind = async (): Promise<readonly string[]> =>
  (await docker.listContainers({ all: true })).flatMap(({ Names, Image }) =>
    Names.filter((name) => name.endsWith(ENDINGS.verify) && Image.startsWith(own)),
  );

/** An inventory with this image of the gateway. */
function inventoryWith(ref: string): string {
  const file = join(directory, `${ref.replaceAll(/\W/g, '-')}.yaml`);
  writeFileSync(
    file,
    `cluster: trial
hosts: { cp-1: { address: 10.0.0.1 }, gw-1: { address: 10.0.0.2 } }
groups: { control_plane: { hosts: [cp-1] }, data_plane: { hosts: [gw-1] } }
api7:
  version: "${RELEASE}"
  images:
    dashboard: ${nameOf('api7/api7-ee-3-integrated')}
    dp_manager: ${nameOf('api7/api7-ee-dp-manager')}
    gateway: ${ref}
  database: { host: 10.0.0.9, user: api7ee, password: a-password-of-nobody }
  gateway: { endpoints: ["http://10.0.0.1:17900"], token: a-token-of-nobody }
load_balancers:
  gateways: { driver: none, members: data_plane, reason: nobody is there }
`,
  );
  return file;
}

const found = (images: readonly VerifiedImage[], service: string, outcome: string): object =>
  Object.fromEntries(
    images
      .filter((image) => image.service === service)
      .flatMap(({ findings }) => findings.filter((one) => one.outcome === outcome))
      .map((one) => [one.what, one.found]),
  );

describe.runIf(all)('images verify', () => {
  beforeAll(async () => {
    directory = temporaryDirectory('images');
    docker = await engine();
    await ensurePackages(docker, console.error);
    await loadStandIns();
    for (const [name, { lines }] of Object.entries(BROKEN)) {
      const content = ['ARG BASE', `FROM \${BASE}`, ...lines, ''].join('\n');
      await buildImage(docker, [{ name: 'Dockerfile', content: Buffer.from(content), mode: 0o644 }], {
        tag: tagOf(name),
        base: gateway,
      });
    }
  });

  afterAll(async () => {
    const tags = [...Object.keys(BROKEN).map(tagOf), ...standIns.map(({ repository }) => nameOf(repository))];
    for (const tag of tags) if (await hasImage(docker, tag)) await docker.getImage(tag).remove({ force: true });
  });

  test('the stand-ins match the image contract', async () => {
    const stdout = new TextStream();
    const out = join(directory, 'report.json');
    const code = await imagesVerify(
      { inventory: inventoryWith(gateway), forks: '5', local: true, out, output: 'json', lockWait: '0s' },
      { stdout: stdout as unknown as NodeJS.WriteStream, stderr: new TextStream() as unknown as NodeJS.WriteStream },
    );
    const { images, errors }: ImagesReport = JSON.parse(stdout.text);
    expect(errors).toEqual([]);
    expect(images.map(({ service }) => found(images, service, 'differs'))).toEqual([{}, {}, {}]);
    expect(found(images, 'dashboard', 'notShown')).toEqual({});
    expect(found(images, 'dpManager', 'notShown')).toEqual({ version: 'unknown without a database' });
    expect(found(images, 'gateway', 'notShown')).toEqual({});
    expect(code).toBe(0);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readFileSync(out, 'utf8')).not.toMatch(/of-nobody/);
  });

  test.concurrent.each(Object.keys(BROKEN))('names the difference: %s', async (name) => {
    const inventory = await loadInventory(inventoryWith(tagOf(name)), { env: {}, extraVars: {} });
    await using hosts = new Hosts(connectHere);
    const session = { hosts, clock: systemClock, signal: new AbortController().signal };
    const { images, errors } = await tryImages(
      inventory,
      session,
      { host: 'here', services: allServices(inventory).filter((service) => service.name === 'gateway') },
      true,
    );
    expect(errors).toEqual([]);
    expect(found(images, 'gateway', 'differs')).toEqual(BROKEN[name]?.differs);
  });

  test('leaves no container or image', async () => {
    expect(await leftBehind()).toEqual([]);
  });
});
