import { expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import type { HttpRequest } from '../../src/core/host/connection.ts';
import type { Api7Settings } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { preflight } from '../../src/programs/preflight.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { errorsIn } from '../support/base/events.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a7adm-token' };
const inventory = await loadInventory('inventory.example.yaml', { env });

interface Scene {
  readonly prometheus: NonNullable<Api7Settings['prometheus']>;
  /** Settings of the dashboard and of DP Manager. */
  readonly config?: Partial<Record<'dashboard' | 'dpManager', Readonly<Record<string, unknown>>>>;
  readonly group?: string;
  readonly query?: number;
  readonly write?: number;
}

/** The checks on a host before its first change, and their end. */
async function checked({ prometheus, config = {}, group = 'control_plane', query = 200, write = 400 }: Scene) {
  const asked: (HttpRequest & { readonly method: string })[] = [];
  const host = new FakeHost({
    name: 'cp-1',
    http: (request, method) => {
      asked.push({ ...request, method });
      return { status: method === 'POST' ? write : query, body: '' };
    },
  });
  const { dashboard, dpManager } = inventory.api7;
  const api7 = {
    ...inventory.api7,
    prometheus,
    dashboard: { ...dashboard, config: config.dashboard ?? {} },
    dpManager: { ...dpManager, config: config.dpManager ?? {} },
  };
  const run = await runPlays(
    [host],
    onePlay(function* () {
      // Its other gates need a Docker Engine.
      for (const task of preflight({ ...inventory, api7 }, { name: 'cp-1', address: '10.0.1.11', groups: [group] }))
        if ('type' in task && task.type.kind === 'prometheusUsable') yield task;
    }),
  );
  const errors = errorsIn(run.events);
  return { asked, printed: errors.map(({ code, message, hint }) => `${code}: ${message} (${hint})`).join() };
}

const prometheus = { addr: 'http://10.0.4.1:9090' };

test('a control-plane host is checked for both services, in one round trip', async () => {
  const basicAuth = { username: 'ops', password: Secret.of('prom-pass') };
  const { asked, printed } = await checked({ prometheus: { ...prometheus, basicAuth } });
  const same = { address: '10.0.4.1', port: 9090, host: '10.0.4.1:9090', timeoutMs: 5000, login: basicAuth };
  expect(asked).toEqual([
    { ...same, method: 'GET', path: '/api/v1/query?query=1' },
    { ...same, method: 'POST', path: '/api/v1/write' },
  ]);
  expect(printed).toBe('');
});

test('a gateway host is not checked', async () => {
  expect((await checked({ prometheus, group: 'data_plane' })).asked).toEqual([]);
});

test('paths of the inventory are checked, and https without settings is TLS', async () => {
  const { asked } = await checked({
    prometheus: { addr: 'https://prometheus.internal' },
    config: {
      dashboard: { prometheus: { query_path_prefix: '/metrics/' } },
      dpManager: { prometheus: { remote_write_path: '/push' } },
    },
  });
  expect(asked.map(({ path, port, tls }) => ({ path, port, tls }))).toEqual([
    { path: '/metrics/api/v1/query?query=1', port: 443, tls: {} },
    { path: '/push', port: 443, tls: {} },
  ]);
});

test.each([200, 204, 400, 415])('a receiver that responds to an empty write with %i accepts writes', async (write) => {
  expect((await checked({ prometheus, write })).printed).toBe('');
});

test.each<[string, Partial<Scene>, string, string]>([
  ['no receiver', { write: 404 }, 'takes no writes: POST /api/v1/write returned 404', 'enable-remote-write-receiver'],
  ['a receiver that fails', { write: 500 }, 'takes no writes: POST /api/v1/write returned 500', 'read the log'],
  ['a start that takes long', { query: 503, write: 503 }, 'GET /api/v1/query?query=1 returned 503', 'is ready'],
  ['a login that is asked for', { query: 401, write: 401 }, 'requires a login', 'basic_auth'],
  ['a login for writes', { write: 403 }, 'requires a login', 'basic_auth'],
])('%s is refused with a hint', async (_, scene, message, hint) => {
  const { printed } = await checked({ prometheus, ...scene });
  expect(printed).toContain(`PROMETHEUS_UNUSABLE: Prometheus at http://10.0.4.1:9090`);
  expect(printed).toContain(message);
  expect(printed).toContain(hint);
});
