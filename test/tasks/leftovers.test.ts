import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  besidePath,
  CHECK_CONTAINER,
  ENDINGS,
  freshContainer,
  verifyContainer,
} from '../../src/core/host/leftover-names.ts';
import { findLeftovers, noLeftover } from '../../src/tasks/leftovers.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const withoutComments = (text: string): string => text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');

const src = join(import.meta.dirname, '../../src');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => [file, withoutComments(readFileSync(join(src, file), 'utf8'))] as const);

/** Names that are no leftovers of hosts: files of the controller, and a user that does not exist. */
const OF_CONTROLLER = ['api7-orch-nobody-is-named', 'api7-orch-', 'api7-orch-lock'];

test('every temporary name comes from the table', () => {
  const spelled = sources.flatMap(([file, text]) =>
    [...text.matchAll(/api7-orch-[a-z-]*/g)].map(([name]) => `${file}: ${name}`),
  );
  const elsewhere = spelled.filter(
    (each) =>
      !each.startsWith('core/host/leftover-names.ts') && !OF_CONTROLLER.some((name) => each.endsWith(`: ${name}`)),
  );
  expect(elsewhere).toEqual([]);
});

/** Users of names of the table. A new one has a row below that shows that it is found. */
const WRITERS: Readonly<Record<string, string>> = {
  'lb/nginx/change.ts': '/etc/nginx/.gateways.conf.api7-orch-old',
  'tasks/config-accepted.ts': '/opt/api7/..gateway-config-accepted.api7-orch-config-check',
  'tasks/package/unpack.ts': '/opt/api7/.data-plane-package.api7-orch-new',
  'transport/files/upload-scripts.ts': '/opt/api7/.package.tar.gz.0123456789ab.api7-orch-part',
  'transport/files/write-scripts.ts': '/opt/api7/.dashboard-config.yaml.api7-orch-new',
  'transport/files/write-errors.ts': 'reads',
  'adopt/running/find-services.ts': 'reads',
  'tasks/container/read.ts': 'reads',
  'tasks/leftovers.ts': 'reads',
  'tasks/container/write.ts': 'api7-gateway-api7-orch-new',
  'adopt/phases/take-over.ts': 'api7-gateway-api7-orch-new',
  // It removes them.
  'adopt/phases/give-back.ts': 'reads',
  'tasks/go-back.ts': 'api7-gateway-api7-orch-new',
  'tasks/restarted.ts': 'api7-gateway-api7-orch-new',
};

/** On the controller, or below /run, which is cleared by a reboot. */
const ELSEWHERE = ['local/fact-cache.ts', 'transport/lock/lock-script.ts', 'transport/ssh/config/by-openssh.ts'];

test('no writer makes up temporary names in another way', () => {
  const users = sources.filter(([, text]) => /mktemp|mkdtemp|\.(?:tmp|temp|new|old|bak|part|failed)\b['"`]/.test(text));
  expect(users.map(([file]) => file).toSorted()).toEqual(ELSEWHERE);
});

test('every writer of temporary names is known', () => {
  const users = sources.filter(([file, text]) => text.includes("/leftover-names.ts'") && !file.startsWith('cli/'));
  expect(users.map(([file]) => file).toSorted()).toEqual(Object.keys(WRITERS).toSorted());
});

const BODY = { Image: 'x', HostConfig: { RestartPolicy: { Name: 'no' } } };
const PLACES = { trees: ['/opt/api7'], paths: ['/etc/nginx/.gateways.conf.api7-orch-old'], containers: true };
const ROOT = { mode: '0600', owner: 'root', group: 'root' };

async function littered(...containers: readonly string[]): Promise<DockerHost> {
  const host = new DockerHost();
  for (const left of Object.values(WRITERS).filter((each) => each.startsWith('/'))) {
    const isDirectory = left.includes('package.api7');
    host.files.makeDirectory(left.slice(0, left.lastIndexOf('/')), { ...ROOT, mode: '0755' });
    if (isDirectory) host.files.makeDirectory(left, { ...ROOT, mode: '0700' });
    host.files.write(isDirectory ? `${left}/package.tar.gz` : left, Buffer.from('x'), ROOT);
  }
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'x');
  for (const name of containers) await host.engine.create(name, BODY);
  return host;
}

describe('leftovers', () => {
  test('the leftovers of each writer are found, and nothing else', async () => {
    const fresh = freshContainer('api7-gateway');
    const host = await littered('api7-gateway', fresh, CHECK_CONTAINER, 'nginx');
    host.files.write('/opt/api7/dashboard-config.yaml', Buffer.from('x'), ROOT);
    const found = await findLeftovers(host, PLACES);
    const names = found.map((each) => ('file' in each ? each.file : each.container));
    const wanted = Object.values(WRITERS).filter((each) => each !== 'reads');
    expect(names.toSorted()).toEqual([...new Set([...wanted, CHECK_CONTAINER])].toSorted());
    expect(host.trips).toBeLessThanOrEqual(1 + 4);
  });

  test.each(Object.values(ENDINGS))('*.%s is found', async (ending) => {
    const host = new DockerHost();
    const path = besidePath('/opt/api7/a', ending);
    host.files.makeDirectory('/opt/api7', { ...ROOT, mode: '0755' });
    host.files.write(path, Buffer.from('x'), ROOT);
    expect(await findLeftovers(host, { ...PLACES, paths: [] })).toEqual([{ file: path }]);
  });

  test('are removed, and nothing else is', async () => {
    const running = [CHECK_CONTAINER, verifyContainer('gateway-peer', '3f9a')];
    const host = await littered('api7-gateway', freshContainer('api7-gateway'), ...running);
    for (const name of running) await host.engine.start(name);
    const found = await findLeftovers(host, PLACES);
    const { codes } = await runPlays(
      [host],
      onePlay(function* () {
        for (const left of found) yield noLeftover(left);
      }),
    );
    expect(codes).toEqual([]);
    expect(await findLeftovers(host, PLACES)).toEqual([]);
    expect((await host.engine.containers()).flatMap(({ Names }) => Names)).toEqual(['/api7-gateway']);
  });

  test('a container without its original is kept: it may be the last one', async () => {
    const container = freshContainer('api7-gateway');
    const host = await littered(container);
    expect(await findLeftovers(host, { ...PLACES, trees: [], paths: [] })).toEqual([
      { container, replaces: 'api7-gateway', isLast: true },
    ]);
    const { codes } = await runPlays(
      [host],
      onePlay(function* () {
        yield noLeftover({ container, replaces: 'api7-gateway', isLast: true });
      }),
    );
    expect(codes).toEqual(['CONTAINER_MISSING']);
    expect(await host.engine.container(container)).not.toBeNull();
  });

  test('only a temporary name can be removed so', () => {
    expect(() => noLeftover({ file: '/opt/api7/dashboard-config.yaml' })).toThrow(/temporary name/);
    expect(() => noLeftover({ container: 'api7-gateway', replaces: '', isLast: false })).toThrow(/temporary name/);
  });
});
