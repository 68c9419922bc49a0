import { expect, test } from 'vitest';
import { containerBlock } from '../../../src/adopt/describe/container-block.ts';
import { Secret } from '../../../src/core/base/secret.ts';

test('a label that may be a secret becomes a file, like a variable', () => {
  const { labels } = containerBlock(
    {
      env: {},
      labels: { 'com.example.token': 'hunter2hunter2', 'com.example.team': 'gateways', 'com.docker.x': 'y' },
      ports: [],
      mounts: [],
      log: { driver: '', options: {} },
      extraHosts: {},
      dns: [],
      networkMode: 'bridge',
    },
    [],
  );
  expect(labels).toEqual({ 'com.example.token': expect.any(Secret), 'com.example.team': 'gateways' });
});
