import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { destinationsOf } from '../../src/cli/connect.ts';
import { nodesOf, refuseNoPools } from '../../src/cli/lb/nodes.ts';
import { loadPlaybook } from '../../src/cli/load-playbook.ts';
import { positiveInteger } from '../../src/cli/positive-integer.ts';
import { parseExtraVars } from '../../src/cli/run/extra-vars.ts';
import { parseDuration } from '../../src/core/base/duration.ts';
import { type AnyErrorCode, OrchError } from '../../src/core/base/errors.ts';
import type { ErrorCode } from '../../src/core/errors/error-codes.ts';
import type { Host } from '../../src/core/host/host.ts';
import { defineTask } from '../../src/core/task/define-task.ts';
import type { Steps, Task } from '../../src/core/task/task.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { selectHosts } from '../../src/inventory/select.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { httpReady } from '../../src/tasks/http-ready.ts';
import { package_ } from '../../src/tasks/package.ts';
import { openLocalFile } from '../../src/transport/files/local-file.ts';
import { commandScript } from '../../src/transport/shell/command.ts';
import { tarGzOf } from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';
import { errorsIn } from '../support/base/events.ts';
import { inDirectory } from '../support/base/in-directory.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';
import { Cluster } from '../support/cluster/toy-cluster.ts';
import { ROOT } from '../support/cluster/toy-fleet.ts';
import { gone, note, process_, served } from '../support/cluster/toy-tasks.ts';

async function readAll(path: string): Promise<void> {
  await using file = await openLocalFile(path);
  for await (const _ of file.chunks(0));
}

const example = join(import.meta.dirname, '../../inventory.example.yaml');
const env = { API7_DB_PASSWORD: 'a-password', API7_GATEWAY_TOKEN: 'a-token' };
const inventory = () => loadInventory(example, { env });

const bareHost = (name: string): DockerHost => {
  const host = new DockerHost({ name });
  host.files.makeDirectory('/run', { mode: '0755', owner: 'root', group: 'root' });
  return host;
};

/** Plays a playbook of these tasks on two hosts; throws its error. */
const playing =
  (tasks: (host: Host) => Steps<unknown>, hosts = () => ['gw-1', 'gw-2'].map(bareHost)) =>
  async () => {
    const { events } = await runPlays(hosts(), onePlay(tasks));
    const errors = errorsIn(events);
    if (errors[0] !== undefined) throw new OrchError(errors[0].code, errors[0].message);
  };

/** One task in both; its parameters are wrong in the first. */
const tasksOf = (...tasks: readonly Task[]) =>
  playing(function* () {
    yield* tasks;
  });

const rolling = (tasks: (uses: Task) => readonly Task[]) => async () => {
  const cluster = new Cluster(3);
  for (const { files } of cluster.nodes) files.set('/other', { type: 'file', content: Buffer.from('old'), ...ROOT });
  const { codes } = await cluster.roll({}, { tasks });
  if (codes[0] !== undefined) throw new OrchError(codes[0] as AnyErrorCode, 'the rolling change fails');
};

const one = note({ path: '/a', content: '1' });
const two = note({ path: '/b', content: '2' });
const change = served({ path: '/app', content: 'new' });
const absent = gone({ path: '/c' });
const holds = (...restartOn: readonly Task[]) => process_({ name: 'p', restartOn: [...restartOn] });
const engine = note({ path: '/engine', content: '' });

const halfType = {
  kind: 'half',
  params: z.object({}),
  claim: () => 'file:/half' as const,
  read: async () => ({ is: 1 }),
  want: () => ({ is: 1 }),
};

const packageRun = (path: string) =>
  playing(function* () {
    yield package_({ from: path, into: '/opt/package' });
  });

/** The same archive, before and after the fake hosts can unpack it: before that, `tar` fails on them. */
async function archive(known: boolean): Promise<void> {
  await inDirectory(async (path) => {
    const bytes = await tarGzOf({ VERSION: `3.10.5 ${known}` });
    await writeFile(path('p.tar.gz'), bytes);
    if (known) await registerPackage(bytes);
    await packageRun(path('p.tar.gz'))();
  });
}

const withPlaybook = (text: string) => () =>
  inDirectory(async (path) => {
    await writeFile(path('own.mjs'), text);
    await loadPlaybook(path('own.mjs'));
  });

/** Input that is refused with a code, and the same input corrected by the hint. */
export const INPUTS = {
  CLAIM_OVERLAP: { bad: tasksOf(one, note({ path: '/a', content: '2' })), good: tasksOf(one, two) },
  DELEGATED_IMPACT: { bad: tasksOf(change.delegate('gw-2')), good: tasksOf(one.delegate('gw-2')) },
  DEPENDS_ON_ABSENT: { bad: tasksOf(engine, absent, holds(absent)), good: tasksOf(engine, absent, one, holds(one)) },
  DURATION_INVALID: { bad: () => parseDuration('soon'), good: () => parseDuration('10s') },
  DURATION_TOO_LONG: { bad: () => parseDuration('597h'), good: () => parseDuration('596h') },
  EXTRA_VARS: { bad: () => parseExtraVars(['soak']), good: () => parseExtraVars(['soak=10s']) },
  HOST_UNKNOWN: {
    bad: async () => destinationsOf(await inventory())('gw-9'),
    good: async () => destinationsOf(await inventory())('gw-1'),
  },
  INVENTORY_UNREADABLE: { bad: () => loadInventory('no-such-file.yaml'), good: inventory },
  LOCAL_FILE_MISSING: {
    bad: () => inDirectory(async (path) => localFiles().sha256(path('p.tar.gz'))),
    good: () => localFiles().sha256(example),
  },
  LOCAL_FILE_UNREADABLE: {
    bad: () => inDirectory((path) => readAll(path(''))),
    good: () => readAll(example),
  },
  NO_HOSTS_MATCHED: {
    bad: async () => selectHosts(await inventory(), 'gateways'),
    good: async () => selectHosts(await inventory(), 'data_plane'),
  },
  NO_POOLS: {
    bad: async () => refuseNoPools(await inventory(), 'lb-1'),
    good: async () => nodesOf(await inventory(), ['gw-1']),
  },
  PATTERN_INVALID: {
    bad: async () => selectHosts(await inventory(), ''),
    good: async () => selectHosts(await inventory(), 'all'),
  },
  PLAYBOOK_INVALID: {
    bad: withPlaybook('export default 1;'),
    good: withPlaybook('export default { name: "own", description: "", *plays() {} };'),
  },
  PLAYBOOK_NOT_FOUND: {
    bad: () => loadPlaybook('instal'),
    good: withPlaybook('export default { name: "own", description: "", *plays() {} };'),
  },
  TASK_NOT_YIELDED: { bad: tasksOf(holds(one)), good: tasksOf(engine, one, holds(one)) },
  TASK_TYPE: {
    bad: () => defineTask(halfType as never),
    good: () => defineTask({ ...halfType, write: async () => undefined }),
  },
  TASK_PARAMS: {
    bad: () => httpReady({ port: 0, path: '/' }),
    good: () => httpReady({ port: 80, path: '/' }),
  },
  USAGE: { bad: () => positiveInteger('--forks', 'ten'), good: () => positiveInteger('--forks', '10') },
  COMMAND_INVALID: { bad: () => commandScript({ argv: [] }, {}), good: () => commandScript({ argv: ['true'] }, {}) },
  PACKAGE_UNPACK_FAILED: { bad: () => archive(false), good: () => archive(true) },
  ALREADY_RESTORED: {
    bad: rolling((uses) => [change, uses, served({ path: '/other', content: 'new' })]),
    good: rolling((uses) => [change, served({ path: '/other', content: 'new' }), uses]),
  },
} as const satisfies Partial<Record<ErrorCode, { bad(): unknown; good(): unknown }>>;

export type InputCode = keyof typeof INPUTS;
