import { expect, test } from 'vitest';
import { imageParts } from '../../../src/core/base/image-parts.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

test.each([
  ['busybox', 'docker.io', 'busybox', 'library/busybox', undefined, undefined],
  ['api7/gateway:1', 'docker.io', 'api7/gateway', 'api7/gateway', '1', undefined],
  ['docker.io/busybox:1', 'docker.io', 'docker.io/busybox', 'library/busybox', '1', undefined],
  ['index.docker.io/api7/x', 'docker.io', 'index.docker.io/api7/x', 'api7/x', undefined, undefined],
  ['localhost/x:1', 'localhost', 'localhost/x', 'x', '1', undefined],
  ['localhost:5000/a/b', 'localhost:5000', 'localhost:5000/a/b', 'a/b', undefined, undefined],
  [`R.example.com/a@${DIGEST}`, 'r.example.com', 'R.example.com/a', 'a', undefined, DIGEST],
  [`r:5000/a/b:1@${DIGEST}`, 'r:5000', 'r:5000/a/b', 'a/b', '1', DIGEST],
])('%s', (ref, registry, repository, path, tag, digest) => {
  expect(imageParts(ref)).toEqual({ registry, repository, path, tag, digest });
});
