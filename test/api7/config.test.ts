import { describe, expect, test } from 'vitest';
import { dashboardConfig, dashboardFile, dpManagerConfig, dpManagerFile } from '../../src/api7/config.ts';
import { controlPlaneFiles } from '../../src/api7/control-plane-files.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { Api7Settings } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';

const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a7adm-token' };
const { api7 } = await loadInventory('inventory.example.yaml', { env });
const dsn = Secret.of('postgres://u:password@db:5432/api7ee');
const settings = (own: Readonly<Record<string, unknown>> = {}): Api7Settings => ({
  ...api7,
  database: { dsn },
  dashboard: { ...api7.dashboard, config: own },
  dpManager: { ...api7.dpManager, config: own },
});

describe.each([
  { name: 'dashboard', file: dashboardFile, config: dashboardConfig, port: 17080 },
  { name: 'DP Manager', file: dpManagerFile, config: dpManagerConfig, port: 17900 },
])('the configuration of $name', ({ file, config, port }) => {
  const base = { server: { listen: { host: '0.0.0.0', port } }, database: { dsn } };

  test('bounds the life of connections to the database', () => {
    expect(config(settings())).toEqual({ ...base, database: { dsn, max_lifetime: '1h' } });
  });

  test('is unchanged where a release wrote it without that bound, keys in that order', () => {
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

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

describe('Prometheus', () => {
  test('without it, neither configuration mentions it', () => {
    for (const config of [dashboardConfig, dpManagerConfig])
      expect(config(settings())).not.toHaveProperty('prometheus');
  });

  test('by address alone', () => {
    const api7 = { ...settings(), prometheus: { addr: 'http://prom:9090' } };
    expect(dashboardConfig(api7)).toMatchObject({ prometheus: { addr: 'http://prom:9090' } });
    expect(dpManagerConfig(api7)).toMatchObject({
      prometheus: { addr: 'http://prom:9090', remote_write_path: '/api/v1/write' },
    });
  });

  test('with a login and TLS: both services get them, and the files that they name', () => {
    const basicAuth = { username: 'ops', password: Secret.of('prom-pass') };
    const key = Secret.of('-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n');
    const api7: Api7Settings = {
      ...settings({ prometheus: { timeout: '10s' } }),
      prometheus: {
        addr: 'https://prom:9090',
        basicAuth,
        tls: { ca: pem, client: { cert: pem, key }, serverName: 'prometheus' },
      },
    };
    const prometheus = {
      addr: 'https://prom:9090',
      basic_auth: basicAuth,
      tls: {
        server_name: 'prometheus',
        ca_file: '/opt/api7/prometheus-ca.pem',
        enable_client_cert: true,
        cert_file: '/opt/api7/prometheus-cert.pem',
        key_file: '/opt/api7/prometheus-key.pem',
      },
      timeout: '10s',
    };
    expect(dashboardConfig(api7).prometheus).toEqual(prometheus);
    expect(dpManagerConfig(api7).prometheus).toEqual({ ...prometheus, remote_write_path: '/api/v1/write' });
    const files = controlPlaneFiles(api7, 'dp-manager');
    expect(files.map(({ source, target }) => `${source} ${target}`)).toEqual(
      ['ca', 'cert', 'key'].map((of) => `/opt/api7/dp-manager-prometheus-${of}.pem /opt/api7/prometheus-${of}.pem`),
    );
    expect(files.at(-1)?.content).toBe(key);
  });
});

test('the DSN names the path at which the certificate authority of the database is mounted', () => {
  const files = controlPlaneFiles({ ...settings(), database: { dsn, rootCert: pem } }, 'dashboard');
  expect(files).toEqual([
    { source: '/opt/api7/dashboard-database-ca.pem', target: '/opt/api7/database-ca.pem', content: pem },
  ]);
});
