import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { digest, tarOf } from './archives.ts';

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, which an Engine takes without TLS. */
  readonly address: string;
  /** Reference of the one image that it has. */
  readonly ref: string;
}

/** A registry of one image that wants a login, as much of its API as a pull needs: distribution-spec, "Pulling manifests". */
export async function loginRegistry(username: string, password: string): Promise<TestRegistry> {
  const tar = await tarOf({ marker: 'from a registry' });
  const layer = gzipSync(tar);
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digest(tar)] },
  });
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: config.length,
      digest: digest(config),
    },
    layers: [
      {
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        size: layer.length,
        digest: digest(layer),
      },
    ],
  });
  const blobs = new Map<string, string | Buffer>([
    [digest(config), config],
    [digest(layer), layer],
  ]);
  const right = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== right) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"', 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return;
    }
    const [, kind, name = ''] = /^\/v2\/api7\/tiny\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
    const body = kind === 'manifests' ? manifest : kind === 'blobs' ? blobs.get(name) : '{}';
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': kind === 'manifests' ? type : 'application/octet-stream',
      'docker-content-digest': digest(body ?? ''),
      'content-length': Buffer.byteLength(body ?? ''),
    });
    response.end(request.method === 'HEAD' ? '' : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    ref: `127.0.0.1:${port}/api7/tiny:1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
