import { describe, expect, test } from 'vitest';
import { dashboardConfig, dashboardFile, dpManagerConfig, dpManagerFile } from '../../src/api7/config.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { Api7Settings } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';

const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a7adm-token' };
const { api7 } = await loadInventory('inventory.example.yaml', { env });
const dsn = Secret.of('postgres://u:password@db:5432/api7ee');
const settings = (own: object = {}): Api7Settings => ({
  ...api7,
  database: { dsn },
  config: { dashboard: own, dpManager: own, gateway: {} } as Api7Settings['config'],
});

describe.each([
  { name: 'dashboard', file: dashboardFile, config: dashboardConfig, port: 17080 },
  { name: 'DP Manager', file: dpManagerFile, config: dpManagerConfig, port: 17900 },
])('the configuration of $name', ({ file, config, port }) => {
  const base = { server: { listen: { host: '0.0.0.0', port } }, database: { dsn } };

  test('bounds the life of connections to the database', () => {
    expect(config(settings())).toEqual({ ...base, database: { dsn, max_lifetime: '1h' } });
  });

  test('is left as it is where a release wrote it that did not bound it yet, keys in that order', () => {
    const [first, ...more] = file(settings({ log: { level: 'info' } })).accepts;
    expect(JSON.stringify(first)).toBe(JSON.stringify({ ...base, log: { level: 'info' } }));
    expect(more).toEqual([]);
  });

  test("the inventory's own bound wins", () => {
    expect(config(settings({ database: { max_lifetime: '20m' } }))).toMatchObject({
      database: { max_lifetime: '20m' },
    });
  });
});
