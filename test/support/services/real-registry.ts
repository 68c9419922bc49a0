import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { digest, tarOf } from '../../docker/archives.ts';
import { endProcess } from '../base/end-process.ts';
import { freePort } from '../base/free-port.ts';
import { installed } from '../base/installed.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';
import { startTokenServer, type TokenServer } from './token-server.ts';

/** A real registry (CNCF Distribution) on 127.0.0.1, which Engines use without TLS. It accepts `puller` alone. */
export interface RealRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** For a registry with `bearer`. */
  readonly tokens: TokenServer | undefined;
  /** Pushes an image of one small layer, different for each marker, with the label `LABEL`. @returns its digest */
  push(name: string, tag: string, marker: string): Promise<string>;
}

export const PULLER = { username: 'puller', password: 'r3gistry pass' } as const;

/** The label by which a test finds the images that it must remove. */
export const LABEL = `api7-orch-test-${process.pid}`;

const CONFIG = 'application/vnd.docker.container.image.v1+json';
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

export async function startRegistry(
  auth: 'basic' | 'bearer',
  puller: { readonly username: string; readonly password: string } = PULLER,
): Promise<RealRegistry> {
  const program = installed('/usr/bin/docker-registry', 'docker-registry');
  const htpasswd = installed('/usr/bin/htpasswd', 'apache2-utils');
  const directory = temporaryDirectory('registry');
  const address = `127.0.0.1:${await freePort()}`;
  const tokens = auth === 'bearer' ? await startTokenServer(directory, puller) : undefined;
  // The only form of password that the registry accepts is bcrypt's.
  const users = execFileSync(htpasswd, ['-n', '-i', '-B', puller.username], { input: puller.password });
  writeFileSync(join(directory, 'htpasswd'), users);
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: address },
    auth:
      tokens === undefined
        ? { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } }
        : {
            token: {
              realm: tokens.realm,
              service: tokens.service,
              issuer: tokens.issuer,
              rootcertbundle: tokens.certificate,
            },
          },
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'config.yml'), JSON.stringify(config));
  const server = spawn(program, ['serve', join(directory, 'config.yml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  server.stderr.on('data', (text) => {
    printed += text;
  });
  for (let tries = 0; ; tries++) {
    const reply = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (reply?.status === 401) break;
    if (tries > 200 || server.exitCode !== null) throw new Error(`the registry does not start: ${printed}`);
    await delay(50);
  }

  const authorization = (name: string): string =>
    tokens === undefined
      ? `Basic ${Buffer.from(`${puller.username}:${puller.password}`).toString('base64')}`
      : `Bearer ${tokens.tokenFor([{ type: 'repository', name, actions: ['pull', 'push'] }])}`;
  const send = async (name: string, method: string, url: string, type: string, body: string | Buffer) => {
    const headers = { authorization: authorization(name), 'content-type': type };
    const reply = await fetch(new URL(url, `http://${address}`), { method, headers, body });
    if (!reply.ok) throw new Error(`${method} ${url}: ${reply.status} ${await reply.text()}`);
    return reply;
  };
  const blob = async (name: string, content: string | Buffer): Promise<void> => {
    const begun = await send(name, 'POST', `/v2/${name}/blobs/uploads/`, 'text/plain', '');
    const place = new URL(begun.headers.get('location') ?? '', `http://${address}`);
    place.searchParams.set('digest', digest(content));
    await send(name, 'PUT', place.href, 'application/octet-stream', content);
  };

  return {
    address,
    tokens,
    async push(name, tag, marker) {
      const tar = await tarOf({ marker });
      const layer = gzipSync(tar);
      const image = JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
        os: 'linux',
        config: { Labels: { [LABEL]: 'yes' } },
        rootfs: { type: 'layers', diff_ids: [digest(tar)] },
      });
      await blob(name, layer);
      await blob(name, image);
      const manifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: CONFIG, size: image.length, digest: digest(image) },
        layers: [{ mediaType: LAYER, size: layer.length, digest: digest(layer) }],
      });
      await send(name, 'PUT', `/v2/${name}/manifests/${tag}`, MANIFEST, manifest);
      return digest(manifest);
    },
    async [Symbol.asyncDispose]() {
      await endProcess(server);
      await tokens?.[Symbol.asyncDispose]();
    },
  };
}
