import { expect, test } from 'vitest';
import { TRIAL_PORT, verifyControlPlane } from '../../../src/api7/image-contract/verify-control-plane.ts';
import { type Behaviour, fakeTrial } from './fake-trial.ts';

const fine = { exitCode: 0, log: '' };
const ASKS = 'connection to server at "127.0.71.7", port 5432 failed: Connection refused';

const service = (changes: Partial<Behaviour> = {}): Behaviour => ({
  architecture: 'amd64',
  config: { Entrypoint: ['/dashboard'] },
  run: () => fine,
  get(_what, port, path) {
    if (port !== TRIAL_PORT) return null;
    return path === '/api/version' ? { status: 200, body: '{"value":"v3.10.5"}' } : { status: 503, body: '' };
  },
  ended: () => undefined,
  log: () => ASKS,
  stop: () => fine,
  ...changes,
});

async function found(changes: Partial<Behaviour> = {}, image: 'dashboard' | 'dpManager' = 'dashboard') {
  const findings = await verifyControlPlane(fakeTrial(service(changes)), image, '3.10.5');
  const rows = (outcome: string): readonly string[] =>
    findings.filter((one) => one.outcome === outcome).map((one) => `${one.what}: ${one.found}`);
  return { differs: rows('differs'), notShown: rows('notShown') };
}

test('images that match the contract have no difference; DP Manager does not report its version', async () => {
  expect(await found()).toEqual({ differs: [], notShown: [] });
  expect(await found({}, 'dpManager')).toEqual({
    differs: [],
    notShown: ['version: unknown without a database'],
  });
});

test.each<[string, Partial<Behaviour>, readonly string[]]>([
  ['another user', { config: { Entrypoint: ['/d'], User: '1000:1000' } }, ['user: 1000:1000']],
  ['another stop signal', { config: { Entrypoint: ['/d'], StopSignal: 'SIGINT' } }, ['stop signal: SIGINT']],
  [
    'another version',
    {
      get: (what, port, path) =>
        path === '/api/version' ? { status: 200, body: '{"value":"v3.9.18"}' } : service().get(what, port, path),
    },
    ['version: 3.9.18 (/api/version)'],
  ],
  ['no /healthz', { get: () => ({ status: 404, body: '' }) }, ['/healthz: 404']],
  [
    'one that must be killed',
    { stop: () => ({ exitCode: 137, log: '' }) },
    ['end on SIGTERM: did not end, and was killed'],
  ],
  [
    'another configuration path',
    {
      get: () => null,
      log: () => 'cannot read /app/conf/conf.yaml',
      ended: () => ({ exitCode: 1, log: 'cannot read /app/conf/conf.yaml' }),
    },
    ['configuration file: not read: exit code 1: cannot read /app/conf/conf.yaml'],
  ],
  [
    'one that runs on without its file',
    { get: () => null, log: () => 'waiting for 127.0.0.1:5432' },
    ['configuration file: not read: no sign of it within 20s'],
  ],
  [
    'a command that is not there',
    { get: () => null, log: () => '', ended: () => ({ exitCode: 127, log: 'not found: /d' }) },
    ['entrypoint: exit code 127: not found: /d', 'configuration file: not read: exit code 127: not found: /d'],
  ],
])('%s is named', async (_name, changes, differences) => {
  expect((await found(changes)).differs).toEqual(differences);
});

test('one that exits without a database has read its file; the unseen rest is not checked', async () => {
  const { differs, notShown } = await found({ get: () => null, ended: () => ({ exitCode: 1, log: ASKS }) });
  expect(differs).toEqual([]);
  expect(notShown).toEqual([
    'version: unknown without a database',
    '/healthz: no response without a database',
    'end on SIGTERM: it had ended by itself, without a database',
  ]);
});
