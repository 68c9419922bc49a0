import { expect, test } from 'vitest';
import type { Finding } from '../../../src/api7/image-contract/finding.ts';
import { GATEWAY_FILES, NO_DIRECTIVE, SLOW_END, SLOW_PATH } from '../../../src/api7/image-contract/gateway-files.ts';
import { DOOR_PATH, PEER_PORTS } from '../../../src/api7/image-contract/gateway-peer.ts';
import { CONTROL_API, TRIAL_STATUS_PORT } from '../../../src/api7/image-contract/gateway-terms.ts';
import type { TrialContainer } from '../../../src/api7/image-contract/trial.ts';
import { verifyGateway } from '../../../src/api7/image-contract/verify-gateway.ts';
import { IN_IMAGE } from '../../../src/api7/paths.ts';
import { type Behaviour, fakeTrial } from './fake-trial.ts';

const fine = { exitCode: 0, log: '' };
const reply = (status: number, body = '') => ({ status, body });

/** A gateway that matches the contract; its slow response ends after a quit, and is whole. */
function gateway(changes: Partial<Behaviour> = {}): Behaviour {
  const slow = Promise.withResolvers<{ status: number; body: string }>();
  return {
    architecture: 'amd64',
    config: { StopSignal: 'SIGQUIT', User: '636', Entrypoint: ['/docker-entrypoint.sh'], Cmd: ['docker-start'] },
    run(what, { files }) {
      if (what === 'id') return { exitCode: 0, log: '636\n636\nluajit apisix.lua version\n3.10.5\n' };
      return checkOf(files);
    },
    get(_what, port, path) {
      if (port === PEER_PORTS.door && path === DOOR_PATH) return reply(200);
      if (port === PEER_PORTS.door && path === CONTROL_API.path) return reply(200, '{}');
      if (port === TRIAL_STATUS_PORT) return path === '/status' ? reply(200) : reply(503);
      if (port === 9080 && path === SLOW_PATH) return slow.promise;
      return port === 9080 ? reply(404) : null;
    },
    ended: () => undefined,
    log: () => '',
    stop() {
      slow.resolve(reply(200, SLOW_END));
      return fine;
    },
    ...changes,
  };
}

/** As `apisix init` and `apisix test` read the mounted file. */
function checkOf(files: TrialContainer['files']) {
  const text = files?.[IN_IMAGE.gatewayConfig];
  if (text === GATEWAY_FILES.broken) return { exitCode: 1, log: 'config.yaml:2:1: expected a node' };
  if (text === GATEWAY_FILES.wrongSnippet) return { exitCode: 1, log: `unknown directive "${NO_DIRECTIVE}"` };
  return fine;
}

const verified = async (changes: Partial<Behaviour> = {}) => await verifyGateway(fakeTrial(gateway(changes)), '3.10.5');

const rows = (findings: readonly Finding[], outcome: Finding['outcome']): readonly string[] =>
  findings.filter((one) => one.outcome === outcome).map(({ what, found }) => `${what}: ${found}`);

test('a gateway that matches the contract has no difference', async () => {
  const findings = await verified();
  expect(findings.filter(({ outcome }) => outcome !== 'met')).toEqual([]);
  expect(findings.map(({ what }) => what)).toEqual([
    'architecture',
    'version',
    'user',
    'stop signal',
    'configuration file',
    'apisix init',
    'apisix test',
    'entrypoint',
    '/status',
    '/status/ready',
    'control API',
    'quit on SIGQUIT',
  ]);
});

const says = (log: string, exitCode = 0): Partial<Behaviour> => ({
  run: (what, { files }) => (what === 'id' ? { exitCode, log } : checkOf(files)),
});

test.each<[string, Partial<Behaviour>, readonly string[]]>([
  ['another architecture', { architecture: 'arm64' }, ['architecture: arm64']],
  ['root', says('0\n0\n3.10.5'), ['user: uid 0, group 0']],
  ['636 without its group', says('636\n0 1\n3.10.5'), ['user: uid 636, groups 0 1']],
  ['another version', says('636\n636\n3.10.4'), ['version: 3.10.4 (apisix version)']],
  [
    'another version by its label alone',
    {
      ...says('636\n636\nno such command', 1),
      config: {
        ...gateway().config,
        Labels: { 'org.opencontainers.image.version': '3.9.0' },
      },
    },
    ['version: 3.9.0 (label)'],
  ],
  ['another stop signal', { config: { ...gateway().config, StopSignal: 'SIGTERM' } }, ['stop signal: SIGTERM']],
  ['no stop signal, which is SIGTERM', { config: { Entrypoint: ['/docker-entrypoint.sh'] } }, ['stop signal: SIGTERM']],
  [
    'a configuration that is refused',
    {
      run: (what, { files }) =>
        what === 'init-right'
          ? { exitCode: 1, log: 'a: b\nmissing deployment' }
          : gateway().run(what, { files: files ?? {} }),
    },
    ['apisix init: exit code 1: missing deployment'],
  ],
  [
    'snippets that are not read',
    { run: (what, { files }) => (what === 'init-wrongSnippet' ? fine : gateway().run(what, { files: files ?? {} })) },
    ['apisix test: accepts it'],
  ],
  [
    'no /status',
    { get: (what, port, path) => (path === '/status' ? reply(404) : gateway().get(what, port, path)) },
    ['/status: 404'],
  ],
  [
    'another reply of /status/ready',
    { get: (what, port, path) => (path === '/status/ready' ? reply(500) : gateway().get(what, port, path)) },
    ['/status/ready: 500'],
  ],
])('%s is named, and nothing else', async (_name, changes, differences) => {
  const own = gateway();
  // A request that is held open must be one of the same gateway.
  const get: Behaviour['get'] = (what, port, path) =>
    path === SLOW_PATH ? own.get(what, port, path) : (changes.get ?? own.get)(what, port, path);
  const findings = await verifyGateway(fakeTrial({ ...own, ...changes, get }), '3.10.5');
  expect(rows(findings, 'differs')).toEqual(differences);
  expect(rows(findings, 'notShown')).toEqual([]);
  for (const { outcome, next } of findings) expect(next === undefined).toBe(outcome !== 'differs');
});

test('a file that is not read is named; checks that depend on it are skipped', async () => {
  const own = gateway({ run: (what) => (what === 'id' ? { exitCode: 0, log: '636\n636\n3.10.5' } : fine) });
  const get: Behaviour['get'] = (what, port, path) =>
    port === TRIAL_STATUS_PORT ? null : path === SLOW_PATH ? reply(404) : own.get(what, port, path);
  const findings = await verifyGateway(fakeTrial({ ...own, get }), '3.10.5');
  expect(rows(findings, 'differs')).toEqual(['configuration file: not read: apisix init accepts a broken file there']);
  expect(rows(findings, 'notShown')).toEqual([
    'apisix init: the configuration file is not read',
    'apisix test: the configuration file is not read',
    '/status: the configuration file is not read',
    '/status/ready: the configuration file is not read',
    'quit on SIGQUIT: no request could be held open: 404 at once',
  ]);
});

test.each<[string, Partial<Behaviour>, string]>([
  ['a request that is cut', { stop: () => fine }, 'cuts the request'],
  ['a gateway that must be killed', { stop: () => ({ exitCode: 137, log: '' }) }, 'has not quit 30s after SIGQUIT'],
  [
    'one that ends with an error',
    { stop: () => ({ exitCode: 1, log: 'fatal' }) },
    'ends the request, then exit code 1: fatal',
  ],
])('quit on SIGQUIT: %s', async (_name, { stop }, found) => {
  const isWhole = !found.startsWith('cuts');
  const slow = Promise.withResolvers<{ status: number; body: string } | null>();
  const signals: string[] = [];
  const own = gateway();
  const findings = await verified({
    get: (what, port, path) => (path === SLOW_PATH ? slow.promise : own.get(what, port, path)),
    stop(what, signal) {
      signals.push(`${what} ${signal}`);
      slow.resolve(isWhole ? reply(200, SLOW_END) : null);
      return stop?.(what, signal) ?? fine;
    },
  });
  expect(rows(findings, 'differs')).toEqual([expect.stringContaining(`quit on SIGQUIT: ${found}`)]);
  expect(signals).toEqual(['gateway SIGQUIT']);
});

test.each<[string, Partial<Behaviour>, Finding['outcome'], string]>([
  ['no command at all', { config: { StopSignal: 'SIGQUIT' } }, 'differs', 'neither an entrypoint nor a command'],
  [
    'a command that is not there',
    {
      get: (_what, port) => (port === PEER_PORTS.door ? reply(200) : null),
      ended: (what) => (what === 'gateway' ? { exitCode: 127, log: 'exec: "/start": not found' } : undefined),
    },
    'differs',
    'exit code 127: exec: "/start": not found',
  ],
  // It may do so without a real control plane: that is no difference.
  [
    'one that ends by itself',
    {
      get: (_what, port) => (port === PEER_PORTS.door ? reply(200) : null),
      ended: (what) => (what === 'gateway' ? { exitCode: 1, log: 'no etcd\nbye' } : undefined),
    },
    'notShown',
    'exit code 1: bye',
  ],
  [
    'an image without nginx',
    {
      get: () => null,
      ended: () => ({ exitCode: 127, log: 'neither nginx nor openresty is in it' }),
    },
    'notShown',
    "the trial's own control plane did not start: exit code 127: neither nginx nor openresty is in it",
  ],
])('entrypoint: %s', async (_name, changes, outcome, found) => {
  const findings = await verified(changes);
  expect(findings.find(({ what }) => what === 'entrypoint')).toMatchObject({ outcome, found });
  const later = findings.slice(findings.findIndex(({ what }) => what === 'entrypoint') + 1);
  expect(later.map((one) => one.outcome)).toEqual(['notShown', 'notShown', 'notShown', 'notShown']);
});

test('a control API that does not respond is no difference: nothing depends on it', async () => {
  const own = gateway();
  const findings = await verifyGateway(
    fakeTrial({
      ...own,
      get: (what, port, path) => (path === CONTROL_API.path ? reply(502) : own.get(what, port, path)),
    }),
    '3.10.5',
  );
  expect(rows(findings, 'notShown')).toEqual(['control API: no response; not used yet']);
});
