import { expect, test } from 'vitest';
import { gatewayUid } from '../../src/api7/gateway-uid.ts';
import { dashboardImage, dpManagerImage, gatewayImage } from '../../src/api7/images.ts';
import { merge } from '../../src/core/base/merge.ts';
import { Secret } from '../../src/core/base/secret.ts';

test('one version, two spellings of the tag', () => {
  const api7 = { version: '3.10.5', images: {} };
  expect([dashboardImage(api7), dpManagerImage(api7), gatewayImage(api7)]).toEqual([
    'api7/api7-ee-3-integrated:v3.10.5',
    'api7/api7-ee-dp-manager:v3.10.5',
    'api7/api7-ee-3-gateway:3.10.5',
  ]);
});

test('a registry is put before the name, an image given in full replaces it', () => {
  const api7 = { version: '3.10.5', registry: 'r.example.com/team/', images: { gateway: 'my/gateway:1' } };
  expect(dashboardImage(api7)).toBe('r.example.com/team/api7/api7-ee-3-integrated:v3.10.5');
  expect(gatewayImage(api7)).toBe('my/gateway:1');
});

test('a gateway keeps its identity: the id depends on cluster and host only', () => {
  expect(gatewayUid('prod', 'gw-1')).toBe(gatewayUid('prod', 'gw-1'));
  expect(gatewayUid('prod', 'gw-1')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const ids = ['gw-1', 'gw-2'].flatMap((host) => ['prod', 'test'].map((cluster) => gatewayUid(cluster, host)));
  expect(new Set(ids).size).toBe(4);
});

test('settings are merged map by map; lists and secrets are replaced whole', () => {
  const secret = Secret.of('hidden-value');
  const merged = merge({ a: { b: 1, c: [1, 2], d: { e: 1 } }, f: 'x' }, { a: { c: [3], d: secret }, g: null });
  expect(merged).toEqual({ a: { b: 1, c: [3], d: secret }, f: 'x', g: null });
});
