import { expect, test } from 'vitest';
import type { Steps, Task } from '../../src/core/task/task.ts';
import { Ask } from '../../src/core/task/task.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { controlPlaneImages, controlPlaneInService } from '../../src/programs/control-plane.ts';
import { dashboard } from '../../src/programs/dashboard.ts';
import { dpManager } from '../../src/programs/dp-manager.ts';
import { gateway, gatewayInService, gatewayStop } from '../../src/programs/gateway.ts';

const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a7adm-token' };
const inventory = await loadInventory('inventory.example.yaml', { env });

const host = (name: string) => {
  const found = inventory.hosts.get(name);
  if (found === undefined) throw new Error(`no host ${name}`);
  return found;
};

/** The tasks of a program, and its result. */
function stated<R>(steps: Steps<R>): { readonly tasks: readonly Task[]; readonly result: R } {
  const tasks: Task[] = [];
  for (;;) {
    const step = steps.next();
    if (step.done) return { tasks, result: step.value };
    tasks.push(step.value instanceof Ask ? step.value.task : step.value);
  }
}

const lines = (tasks: readonly Task[]): readonly string[] =>
  tasks.map(({ type, claim, title, on }) => {
    const what = claim.startsWith('gate:') ? `gate:${title}` : claim;
    return `${type.kind} ${what}${on === undefined ? '' : ` on ${on}`}`;
  });

test('a gateway: package, image, check of the configuration, configuration, container, gates', () => {
  expect(lines(stated(gateway(inventory, host('gw-2'))).tasks)).toEqual([
    'directory file:/opt/api7',
    'package tree:/opt/api7/data-plane-package',
    'image image:api7/api7-ee-3-gateway:3.10.5',
    'configAccepted file:/opt/api7/.gateway-config-accepted',
    'directory file:/opt/api7/gateway_conf',
    'yamlFile file:/opt/api7/gateway_conf/config.yaml',
    'file file:/opt/api7/gateway_conf/apisix.uid',
    'container container:api7-gateway',
    'httpReady gate:httpReady http://127.0.0.1:7085/status',
    'configurationLoaded gate:api7-gateway has loaded its configuration',
    'loadRecorded file:/opt/api7/.gateway-loaded',
    'usedByBalancer gate:gateways: gw-2 is in service (on lb-1) on lb-1',
    'usedByBalancer gate:gateways: gw-2 is in service (on lb-2) on lb-2',
  ]);
});

test('a started or restarted gateway passes the same gates as a new one', () => {
  const whole = stated(gateway(inventory, host('gw-2'))).tasks.map((task) => task.bound.statement);
  const gates = stated(gatewayInService(inventory, host('gw-2'))).tasks.map((task) => task.bound.statement);
  expect(gates.length).toBe(3);
  expect(whole.filter((statement) => gates.includes(statement))).toEqual(gates);
});

test('the container of a gateway stops as in the playbooks', () => {
  const task = stated(gateway(inventory, host('gw-2'))).tasks.find(({ type }) => type.kind === 'container');
  const { stopSignal, stopTimeoutSeconds } = gatewayStop(inventory, host('gw-1'));
  expect(task?.bound.statement).toContain(`"stopSignal":"${stopSignal}"`);
  expect(task?.bound.statement).toContain(`"stopTimeoutSeconds":${stopTimeoutSeconds}`);
});

const withTimeout = (timeout: string | number) =>
  new Map(
    [...inventory.gatewayGroups].map(([name, group]) => [
      name,
      { ...group, config: { nginx_config: { worker_shutdown_timeout: timeout } } },
    ]),
  );

test.each<[string | number, number]>([
  ['300', 310],
  [300, 310],
  ['1d', 86_410],
  // Without a limit its workers finish their requests: that takes as long as the longest request.
  [0, 70],
  ['0', 70],
])('with worker_shutdown_timeout %j a gateway has %i s to stop', (timeout, seconds) => {
  const gatewayGroups = withTimeout(timeout);
  const stop = gatewayStop({ ...inventory, gatewayGroups }, host('gw-1'));
  expect(stop.stopTimeoutSeconds).toBe(seconds);
});

test('without a limit a gateway has as long as the longest request of its own pools, not of the control plane', () => {
  const gatewayGroups = withTimeout(0);
  const loadBalancers = new Map(
    [...inventory.loadBalancers].map(([name, pool]) => [
      name,
      pool.driver === 'none' || pool.port === 9080 ? pool : { ...pool, longestRequestMs: 600_000 },
    ]),
  );
  expect([...loadBalancers.values()].map((pool) => pool.driver !== 'none' && pool.longestRequestMs)).toContain(600_000);
  const stop = gatewayStop({ ...inventory, gatewayGroups, loadBalancers }, host('gw-1'));
  expect(stop.stopTimeoutSeconds).toBe(70);
});

test('a control-plane host: images first, then each service with its gate, then the balancers of both', () => {
  const images = stated(controlPlaneImages(inventory));
  expect(lines(images.tasks)).toEqual([
    'directory file:/opt/api7',
    'package tree:/opt/api7/control-plane-package',
    'image image:api7/api7-ee-3-integrated:v3.10.5',
    'image image:api7/api7-ee-dp-manager:v3.10.5',
  ]);
  expect([images.result.dashboard, images.result.dpManager]).toEqual(images.tasks.slice(2));

  const first = stated(dashboard(inventory, host('cp-1'), images.result.dashboard)).tasks;
  expect(lines(first)).toEqual([
    'yamlFile file:/opt/api7/dashboard-config.yaml',
    'container container:api7-dashboard',
    'httpReady gate:httpReady http://127.0.0.1:17080/healthz',
  ]);
  expect(first[1]?.uses).toEqual(expect.arrayContaining([images.result.dashboard, first[0]]));

  const second = stated(dpManager(inventory, host('cp-1'), images.result.dpManager)).tasks;
  expect(lines(second)).toEqual([
    'yamlFile file:/opt/api7/dp-manager-config.yaml',
    'container container:api7-dp-manager',
    'httpReady gate:httpReady http://127.0.0.1:17900/healthz',
  ]);
  expect(second[1]?.uses).toEqual(expect.arrayContaining([images.result.dpManager, second[0]]));

  const balancers = lines(stated(controlPlaneInService(inventory, host('cp-1'))).tasks);
  expect(balancers.every((line) => line.startsWith('usedByBalancer'))).toBe(true);
  expect(balancers.length).toBe(4);
});

test('settings of the inventory go to the container of their service, and none of them replaces a setting of api7-orch', async () => {
  const settings = { env: { SMTP_PASSWORD: 'sm7p-pass', LEVEL: 'info', MEMORY: '512m' } };
  const file = 'test/fixtures/inventory/accepted/container-settings.yaml';
  const { api7, gatewayGroups } = await loadInventory(file, settings);
  const given = { ...inventory, api7: { ...inventory.api7, dashboard: api7.dashboard, dpManager: api7.dpManager } };
  const groups = [...gatewayGroups].map(([name, group]) => {
    const container = { ...group.container, mounts: api7.dashboard.container.mounts };
    return [name, { ...group, hosts: ['gw-2'], container }] as const;
  });
  const all = { ...given, gatewayGroups: new Map(groups) };
  const statement = (steps: Steps<unknown>, kind = 'container') =>
    stated(steps).tasks.find(({ type }) => type.kind === kind)?.bound.statement;
  const images = stated(controlPlaneImages(all)).result;
  const dash = statement(dashboard(all, host('cp-1'), images.dashboard));
  for (const part of [
    '"TZ":"Asia/Shanghai"',
    '"/app/conf/config.yaml"',
    '"/app/logs"',
    '"memory":1610612736',
    '"cpus":0.5',
  ])
    expect(dash).toContain(part);
  for (const part of ['"maxSize":"100m"', '"com.example.team":"edge"', '"db.internal":"10.0.9.1"', '"dns":["10.0.0.2"'])
    expect(dash).toContain(part);
  expect(dash).not.toContain('sm7p-pass');
  expect(statement(dpManager(all, host('cp-1'), images.dpManager))).toContain('"log":"off"');
  const node = statement(gateway(all, host('gw-2')));
  for (const part of [
    '"REGION":"eu"',
    '"API7_CONTROL_PLANE_TOKEN"',
    '"/usr/local/apisix/conf/config.yaml"',
    '"/app/logs"',
  ])
    expect(node).toContain(part);
  const check = statement(gateway(all, host('gw-2')), 'configAccepted');
  expect(check).toContain('"REGION":"eu"');
  expect(check).toContain('"/app/logs"');
  expect(check).not.toContain('API7_CONTROL_PLANE');
});

test('a service of the control plane is recreated when a certificate of it changes', () => {
  const rootCert = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const database = { ...inventory.api7.database, rootCert };
  const images = stated(controlPlaneImages(inventory)).result;
  const { tasks } = stated(
    dpManager({ ...inventory, api7: { ...inventory.api7, database } }, host('cp-1'), images.dpManager),
  );
  expect(lines(tasks)).toEqual([
    'yamlFile file:/opt/api7/dp-manager-config.yaml',
    'file file:/opt/api7/dp-manager-database-ca.pem',
    'container container:api7-dp-manager',
    'httpReady gate:httpReady http://127.0.0.1:17900/healthz',
  ]);
  expect(tasks[2]?.uses).toEqual(expect.arrayContaining([tasks[0], tasks[1]]));
  expect(tasks[2]?.bound.statement).toContain('"target":"/opt/api7/database-ca.pem"');
});
