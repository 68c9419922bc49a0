import { type HostCounts, NO_COUNTS, type NumberedEvent, type RunEvent } from '../../src/core/event/event.ts';

export interface Scenario {
  readonly name: string;
  readonly events: readonly NumberedEvent[];
  readonly diff?: boolean;
  readonly verbose?: boolean;
}

/** Events as they come out of `emit`: numbered, one second apart. */
export const numbered = (events: readonly RunEvent[]): readonly NumberedEvent[] =>
  events.map((event, index) => ({ ...event, seq: index + 1, time: new Date(index * 1000).toISOString() }));

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

const start = (hosts: readonly string[], check = false): Of<'run.start'> => ({
  type: 'run.start',
  title: 'install',
  cluster: 'prod',
  check,
  hosts,
});
const playStart = (play: string, hosts: readonly string[]): RunEvent => ({ type: 'play.start', play, hosts });
const connected = (host: string): RunEvent => ({ type: 'host.connected', host, durationMs: 31 });
const hostEnd = (play: string, host: string, status: Of<'host.end'>['status'] = 'ok'): RunEvent => ({
  type: 'host.end',
  host,
  play,
  status,
  durationMs: 900,
});

export const taskEnd = (
  host: string,
  task: string,
  status: Of<'task.end'>['status'],
  more: Partial<Of<'task.end'>> = {},
): RunEvent => ({
  type: 'task.end',
  host,
  play: 'Gateways',
  task,
  kind: task.split(' ')[0] ?? task,
  status,
  differences: [],
  durationMs: 40,
  ...more,
});

export const runEnd = (
  hosts: Readonly<Record<string, Partial<HostCounts>>>,
  more: Partial<Of<'run.end'>> = {},
): RunEvent => ({
  type: 'run.end',
  outcome: 'ok',
  exitCode: 0,
  check: false,
  errors: [],
  durationMs: 61_200,
  hosts: Object.fromEntries(Object.entries(hosts).map(([host, counts]) => [host, { ...NO_COUNTS, ...counts }])),
  ...more,
});

const GATEWAYS = ['gw-1', 'gw-2', 'gw-3'];
const config = {
  differences: [
    { path: 'digest', before: 'a'.repeat(64), after: 'b'.repeat(64) },
    { path: 'mode', before: '0644', after: '0640' },
  ],
  patch: {
    before: 'apisix:\n  node_listen: 9080\n',
    after: 'apisix:\n  node_listen: 9080\n  status:\n    port: 7085\n',
  },
};
const created = [
  { path: 'type', before: undefined, after: 'directory' },
  { path: 'mode', before: undefined, after: '0755' },
];

const changes: readonly RunEvent[] = [
  start(['cp-1', 'gw-1']),
  connected('cp-1'),
  connected('gw-1'),
  playStart('Control plane', ['cp-1']),
  { type: 'host.plan', host: 'cp-1', play: 'Control plane', changes: 1, unknown: 1, tasks: 3 },
  taskEnd('cp-1', 'directory /opt/api7', 'changed', { differences: created }),
  {
    type: 'task.start',
    host: 'cp-1',
    play: 'Control plane',
    task: 'package /opt/api7/package',
    kind: 'package',
    waiting: false,
  },
  { type: 'task.progress', host: 'cp-1', task: 'package /opt/api7/package', text: '12 of 60 MB' },
  taskEnd('cp-1', 'package /opt/api7/package', 'changed', {
    durationMs: 12_345,
    differences: [{ path: 'archive', before: null, after: 'v1' }],
  }),
  {
    type: 'task.start',
    host: 'cp-1',
    play: 'Control plane',
    task: 'httpReady http://127.0.0.1:17080/healthz',
    kind: 'httpReady',
    waiting: true,
  },
  taskEnd('cp-1', 'httpReady http://127.0.0.1:17080/healthz', 'ok', { durationMs: 3000 }),
  hostEnd('Control plane', 'cp-1'),
  { type: 'play.end', play: 'Control plane', ok: true },
  playStart('Gateways', ['gw-1']),
  taskEnd('gw-1', 'yamlFile /opt/api7/config.yaml', 'changed', config),
  taskEnd('gw-1', 'container api7-gateway', 'skipped', { note: 'not asked for' }),
  hostEnd('Gateways', 'gw-1'),
  { type: 'play.end', play: 'Gateways', ok: true },
  runEnd({ 'cp-1': { ok: 1, changed: 2 }, 'gw-1': { changed: 1, skipped: 1 } }),
];

const ROUTE = ['drain', 'waitIdle', 'apply', 'waitReady', 'restore', 'waitInService', 'soak'];

export const step = (
  host: string,
  name: string,
  status: Of<'roll.step'>['status'] = 'ok',
  more: Partial<Of<'roll.step'>> = {},
): RunEvent => ({
  type: 'roll.step',
  play: 'Gateways',
  host,
  step: name,
  ...(ROUTE.includes(name) ? { index: ROUTE.indexOf(name) + 1, of: ROUTE.length } : {}),
  status,
  durationMs: 20,
  ...more,
});

const drained = (host: string, pool: string, before: string, after: string): RunEvent =>
  taskEnd(host, `${pool}: ${host} is ${after} (on lb-1)`, 'changed', {
    kind: 'drainMember',
    differences: [
      { path: 'lease', before: 'none', after: 'recorded' },
      { path: `servers.${pool}/${host}`, before, after },
    ],
  });

const waitsFor = (host: string, task: string): RunEvent => ({
  type: 'task.start',
  host,
  play: 'Gateways',
  task,
  kind: 'x',
  waiting: true,
});

const notReady = 'no response from http://127.0.0.1:7085/status within 2m';
const unsure = 'gw-1: too few requests to compare with its peers: 3 of 20';

/** One node is done, the next one does not become ready, the third is not started. */
const rolling: readonly RunEvent[] = [
  start(GATEWAYS),
  playStart('Gateways', GATEWAYS),
  {
    type: 'roll.plan',
    play: 'Gateways',
    waves: [['gw-1'], ['gw-2', 'gw-3']],
    budgets: [{ pools: ['gateways'], maxUnavailable: 1, members: 3 }],
    deadlines: [
      { name: 'longest_request, gateways', ms: 60_000, source: 'assumed' },
      { name: 'stop timeout', ms: 250_000, source: 'worker_shutdown_timeout + 10s' },
    ],
  },
  step('gw-1', 'checkDependencies', 'begun'),
  step('gw-1', 'checkDependencies'),
  step('gw-1', 'drain', 'begun'),
  taskEnd('gw-1', 'gateways: gw-1 has a lease (on lb-1)', 'changed', {
    kind: 'drainMember',
    differences: [{ path: 'lease', before: 'none', after: 'recorded' }],
  }),
  drained('gw-1', 'gateways', 'up', 'drained'),
  step('gw-1', 'drain'),
  step('gw-1', 'waitIdle', 'begun'),
  drained('gw-1', 'gateways', 'drained', 'closed'),
  step('gw-1', 'waitIdle', 'ok', { durationMs: 21_000 }),
  step('gw-1', 'apply', 'begun'),
  taskEnd('gw-1', 'restarted api7-gateway', 'changed', {
    durationMs: 1500,
    differences: [{ path: 'fresh', before: false, after: true }],
  }),
  step('gw-1', 'apply'),
  step('gw-1', 'waitReady', 'begun'),
  waitsFor('gw-1', 'httpReady http://127.0.0.1:7085/status'),
  taskEnd('gw-1', 'httpReady http://127.0.0.1:7085/status', 'ok'),
  step('gw-1', 'waitReady'),
  step('gw-1', 'restore', 'begun'),
  taskEnd('gw-1', 'gateways: gw-1 is restored (on lb-1)', 'changed', {
    kind: 'restoreMember',
    differences: [
      { path: 'lease', before: 'recorded', after: 'none' },
      { path: 'servers.gateways/gw-1.admin', before: 'drain', after: 'ready' },
    ],
  }),
  step('gw-1', 'restore'),
  step('gw-1', 'waitInService', 'begun'),
  waitsFor('gw-1', 'gateways: gw-1 is in service (on lb-1)'),
  step('gw-1', 'waitInService'),
  step('gw-1', 'soak', 'begun', { note: '10s' }),
  step('gw-1', 'soak', 'held', { note: unsure, durationMs: 10_000 }),
  {
    type: 'roll.hold',
    play: 'Gateways',
    host: 'gw-1',
    waiting: true,
    why: unsure,
    hint: 'set a longer soak (-e soak=1m)',
  },
  { type: 'roll.hold', play: 'Gateways', host: 'gw-1', waiting: false, why: unsure, answer: true },
  hostEnd('Gateways', 'gw-1'),
  // It went down meanwhile.
  step('gw-2', 'drain', 'begun'),
  step('gw-2', 'drain'),
  step('gw-2', 'waitIdle', 'notNeeded', { note: 'no balancer sends it requests' }),
  step('gw-2', 'apply', 'begun'),
  step('gw-2', 'apply'),
  step('gw-2', 'waitReady', 'begun'),
  taskEnd('gw-2', 'httpReady http://127.0.0.1:7085/status', 'failed', {
    error: { code: 'NOT_READY', message: notReady, hint: 'read the container log below', host: 'gw-2' },
  }),
  step('gw-2', 'waitReady', 'failed', { note: notReady, durationMs: 120_000 }),
  step('gw-2', 'collectDiagnostics', 'begun'),
  {
    type: 'roll.evidence',
    host: 'gw-2',
    evidence: {
      container: 'api7-gateway',
      status: 'restarting',
      exitCode: 1,
      oomKilled: true,
      restarts: 4,
      probes: ['GET http://127.0.0.1:7085/status: no response'],
      log: 'nginx: [emerg] unknown directive "worker_proceses"\n',
    },
  },
  step('gw-2', 'collectDiagnostics'),
  hostEnd('Gateways', 'gw-2', 'failed'),
  taskEnd('gw-3', 'container api7-gateway', 'skipped', { note: 'gw-2 failed' }),
  hostEnd('Gateways', 'gw-3', 'skipped'),
  {
    type: 'roll.end',
    play: 'Gateways',
    nodes: {
      'gw-1': { state: 'done', traffic: 'in' },
      'gw-2': { state: 'failed', traffic: 'out', cause: notReady, next: 'api7-orch lb restore gw-2 -i prod.yaml' },
      'gw-3': { state: 'untouched', traffic: 'in', cause: 'gw-2 failed' },
    },
  },
  { type: 'play.end', play: 'Gateways', ok: false },
  runEnd(
    { 'gw-1': { changed: 3 }, 'gw-2': { changed: 2, failed: 1 }, 'gw-3': { skipped: 2 } },
    { outcome: 'partial', exitCode: 3, goOn: 'api7-orch run install -i prod.yaml' },
  ),
];

const planned = (plan: Pick<Of<'roll.plan'>, 'first' | 'skipped' | 'waves'>): RunEvent => ({
  type: 'roll.plan',
  play: 'Gateways',
  soak: '1m',
  budgets: [{ pools: ['gateways'], maxUnavailable: 1, members: 9 }],
  deadlines: [],
  ...plan,
});

/** Plans with nodes that go before all batches. */
const leftovers: readonly RunEvent[] = [
  planned({ first: [{ host: 'gw-2', why: 'soak', changes: false }], waves: [['gw-2'], ['gw-1'], ['gw-3']] }),
  planned({ first: [{ host: 'gw-2', why: 'soak', changes: false }], waves: [['gw-2']] }),
  planned({ first: [{ host: 'gw-2', why: 'unhealthy', changes: true }], waves: [['gw-2']] }),
  planned({
    first: [
      { host: 'gw-2', why: 'drained', changes: true },
      { host: 'gw-3', why: 'drained', changes: false },
      { host: 'gw-4', why: 'outOfService', changes: true },
      { host: 'gw-5', why: 'outOfService', changes: true },
      { host: 'gw-6', why: 'soak', changes: true },
      { host: 'gw-7', why: 'partlyInService', changes: true },
      { host: 'gw-8', why: 'unhealthy', changes: true },
    ],
    waves: [['gw-2', 'gw-3', 'gw-4', 'gw-5', 'gw-6', 'gw-7', 'gw-8'], ['gw-1']],
  }),
  planned({
    skipped: [
      { host: 'gw-2', why: 'held: it was drained outside this run' },
      { host: 'gw-3', why: 'unreachable' },
    ],
    waves: [['gw-1']],
  }),
  planned({ skipped: [{ host: 'gw-2', why: 'held: by ops@desk since 2026-11-30T02:10:00Z (new disks)' }], waves: [] }),
];

const digest = (char: string): string => char.repeat(64);

/** Containers after an upgrade, a new port, and a stop by another tool. */
const containers: readonly RunEvent[] = [
  start(GATEWAYS, true),
  playStart('Gateways', GATEWAYS),
  taskEnd('gw-1', 'container api7-gateway', 'changed', {
    differences: [
      { path: 'image', before: `sha256:${digest('a')}`, after: `sha256:${digest('b')}` },
      { path: 'ref', before: 'api7/gateway:3.10.5', after: 'api7/gateway:3.10.6' },
      { path: 'spec', before: digest('1'), after: digest('2') },
      { path: 'ports.9443/tcp', before: undefined, after: ['0.0.0.0:9443'] },
      { path: 'mounts./conf/apisix.uid', before: undefined, after: { source: '/opt/api7/uid', readOnly: true } },
      { path: 'mounted./conf/config.yaml', before: digest('3'), after: digest('4') },
      { path: 'restartOn.file:/opt/api7/config.yaml', before: digest('5'), after: digest('6') },
      { path: 'env.TZ', before: 'UTC', after: 'CET' },
    ],
  }),
  taskEnd('gw-2', 'container api7-gateway', 'changed', {
    differences: [
      { path: 'mounted', before: null, after: { '/usr/local/apisix/conf/config.yaml': digest('e') } },
      { path: 'running', before: false, after: true },
    ],
  }),
  taskEnd('gw-3', '/usr/local/apisix/conf/config.yaml is accepted by api7/api7-ee-3-gateway:3.10.5', 'changed', {
    differences: [{ path: 'accepted', before: undefined, after: digest('c') }],
  }),
  runEnd({ 'gw-1': { changed: 1 }, 'gw-2': { changed: 1 }, 'gw-3': { changed: 1 } }, { check: true }),
];

const full = { code: 'DISK_FULL', hint: 'free some space, or name another directory' } as const;
const fullOn = (host: string, free: number) => ({
  ...full,
  host,
  task: 'package /opt/api7/package',
  message: `${host} has ${free} MiB free below /opt, 700 MiB are needed`,
  details: `Filesystem on ${host}\n/dev/sda1 99%`,
});

const failures: readonly RunEvent[] = [
  start(['cp-1', ...GATEWAYS]),
  playStart('Gateways', ['cp-1', ...GATEWAYS]),
  taskEnd('cp-1', 'directory /opt/api7', 'changed', { differences: created }),
  hostEnd('Gateways', 'cp-1'),
  taskEnd('gw-1', 'package /opt/api7/package', 'failed', { error: fullOn('gw-1', 10), durationMs: 2100 }),
  hostEnd('Gateways', 'gw-1', 'failed'),
  taskEnd('gw-2', 'package /opt/api7/package', 'failed', { error: fullOn('gw-2', 20) }),
  hostEnd('Gateways', 'gw-2', 'failed'),
  { type: 'warning', host: 'gw-3', message: 'its clock is 42 s ahead' },
  { type: 'warning', message: 'no load balancer is named' },
  hostEnd('Gateways', 'gw-3', 'skipped'),
  { type: 'play.end', play: 'Gateways', ok: false },
  runEnd(
    { 'cp-1': { changed: 1 }, 'gw-1': { failed: 1 }, 'gw-2': { failed: 1 }, 'gw-3': {} },
    { outcome: 'partial', exitCode: 3, errors: [fullOn('gw-1', 10), fullOn('gw-2', 20)] },
  ),
];

const refused = {
  code: 'CONNECT_REFUSED',
  host: 'gw-2',
  message: '10.0.0.12 port 22 refuses connections',
  hint: 'is sshd running there?',
} as const;
const strange = {
  code: 'INTERNAL',
  host: 'gw-1',
  task: 'command migrate',
  message: 'x is\nnot a function',
  stack: 'TypeError: x is\n    at somewhere',
} as const;

export const scenarios: readonly Scenario[] = [
  { name: 'changes', events: numbered(changes) },
  { name: 'changes-verbose', events: numbered(changes), verbose: true },
  { name: 'changes-diff', events: numbered(changes), diff: true },
  {
    name: 'converged',
    events: numbered([
      start(GATEWAYS),
      playStart('Gateways', GATEWAYS),
      ...GATEWAYS.flatMap((host) => [taskEnd(host, 'directory /opt/api7', 'ok'), hostEnd('Gateways', host)]),
      runEnd({ 'gw-1': { ok: 1 }, 'gw-2': { ok: 1 }, 'gw-3': { ok: 10 } }),
    ]),
  },
  {
    name: 'check',
    events: numbered([
      start(GATEWAYS, true),
      playStart('Gateways', GATEWAYS),
      taskEnd('gw-1', 'yamlFile /opt/api7/config.yaml', 'changed', config),
      taskEnd('gw-1', 'httpReady http://127.0.0.1:7085/status', 'unknown', {
        note: 'after yamlFile /opt/api7/config.yaml',
      }),
      runEnd(
        { 'gw-1': { changed: 40, unknown: 1 }, 'gw-2': { changed: 1, unknown: 2 }, 'gw-3': { ok: 7 } },
        { check: true },
      ),
    ]),
  },
  { name: 'failures', events: numbered(failures) },
  {
    name: 'unreachable',
    events: numbered([
      start(['gw-1', 'gw-2']),
      connected('gw-1'),
      { type: 'host.unreachable', host: 'gw-2', error: refused },
      runEnd({ 'gw-1': {}, 'gw-2': { unreachable: 1 } }, { outcome: 'refused', exitCode: 2, errors: [refused] }),
    ]),
  },
  {
    name: 'unforeseen',
    events: numbered([
      start(['gw-1']),
      playStart('Gateways', ['gw-1']),
      taskEnd('gw-1', 'command migrate', 'failed', { error: strange }),
      runEnd({ 'gw-1': { failed: 1 } }, { outcome: 'partial', exitCode: 3, errors: [strange] }),
    ]),
  },
  { name: 'containers', events: numbered(containers) },
  { name: 'rolling', events: numbered(rolling) },
  {
    name: 'rolling-first',
    events: numbered([start(GATEWAYS), playStart('Gateways', GATEWAYS), ...leftovers]),
  },
  { name: 'rolling-verbose', verbose: true, events: numbered(rolling) },
  {
    name: 'interrupted',
    events: numbered([
      start(GATEWAYS),
      playStart('Gateways', GATEWAYS),
      taskEnd('gw-1', 'directory /opt/api7', 'changed', { differences: created }),
      runEnd({ 'gw-1': { changed: 1 }, 'gw-2': {}, 'gw-3': {} }, { outcome: 'interrupted', exitCode: 6 }),
    ]),
  },
  {
    name: 'hostile-text',
    diff: true,
    events: numbered([
      start(['gw-1']),
      playStart('Gateways', ['gw-1']),
      taskEnd('gw-1', 'file /etc/motd', 'changed', {
        differences: [{ path: 'owner', before: '\u001b[31mroot\u0007', after: 'ops' }],
        patch: { before: '\u001b[2J\u001b]0;title\u0007old\r\n', after: 'new\n' },
      }),
      runEnd({ 'gw-1': { changed: 1 } }),
    ]),
  },
  {
    name: 'exec',
    events: numbered([
      { ...start(['gw-1', 'gw-2', 'gw-3', 'gw-4']), title: 'exec' },
      { type: 'exec.output', host: 'gw-1', stream: 'stdout', line: '09:00 up 3 days' },
      { type: 'exec.output', host: 'gw-2', stream: 'stderr', line: 'uptime: not found' },
      { type: 'exec.end', host: 'gw-1', code: 0, durationMs: 5 },
      { type: 'exec.end', host: 'gw-2', code: 127, durationMs: 5 },
      { type: 'exec.end', host: 'gw-3', code: null, signal: 'KILL', durationMs: 5 },
      { type: 'exec.end', host: 'gw-4', code: null, error: { ...refused, host: 'gw-4' }, durationMs: 5 },
      runEnd(
        { 'gw-1': { ok: 1 }, 'gw-2': { failed: 1 }, 'gw-3': { failed: 1 }, 'gw-4': { unreachable: 1 } },
        { outcome: 'partial', exitCode: 128 },
      ),
    ]),
  },
];
