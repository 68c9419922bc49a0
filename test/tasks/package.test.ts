import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/core/base/data.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import { package_ } from '../../src/tasks/package.ts';
import { tarGzOf } from '../docker/archives.ts';
import { DockerHost, registerPackage } from '../docker/docker-host.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

const directory = temporaryDirectory('package');
const from = join(directory, 'api7-3.10.5-dp.tar.gz');
const newer = join(directory, 'api7-3.10.6-dp.tar.gz');
const into = '/opt/api7/package';
const work = '/opt/api7/.package.api7-orch-new';

beforeAll(async () => {
  for (const [path, version] of [
    [from, '3.10.5'],
    [newer, '3.10.6'],
  ] as const) {
    const archive = await tarGzOf({ VERSION: version, 'conf/gateway.yaml': 'apisix: {}\n' });
    writeFileSync(path, archive);
    await registerPackage(archive);
  }
});

const run = (host: DockerHost, archive = from, options = {}) =>
  runPlays(
    [host],
    onePlay(function* () {
      yield package_({ from: archive, into });
    }),
    options,
  );

const text = (host: DockerHost, path: string): string | null => host.fileText(`${into}/${path}`);

describe('package', () => {
  test('is unpacked, owned by root, with its manifest; and nothing else is left', async () => {
    const host = new DockerHost();
    expect((await run(host)).rows).toEqual([`changed package ${into}`]);
    expect(text(host, 'VERSION')).toBe('3.10.5');
    expect(host.files.stat(into)).toMatchObject({ type: 'directory', mode: '0750', owner: 'root' });
    expect(JSON.parse(text(host, '.manifest.json') ?? '')).toMatchObject({
      files: { VERSION: 6, 'conf/gateway.yaml': 11 },
    });
    expect([...host.files.keys()].filter((path) => path.includes('api7-orch'))).toEqual([]);
    const { writes } = host;
    expect((await run(host)).rows).toEqual([`ok package ${into}`]);
    expect(host.writes).toBe(writes);
  });

  test('of another version replaces the old one whole', async () => {
    const host = new DockerHost();
    await run(host);
    host.files.write(`${into}/stray`, Buffer.from('mine'), { mode: '0600', owner: 'root', group: 'root' });
    expect((await run(host, newer)).rows).toEqual([`changed package ${into}`]);
    expect(text(host, 'VERSION')).toBe('3.10.6');
    expect(text(host, 'stray')).toBeNull();
  });

  test.each([
    ['a deleted file', (host: DockerHost) => host.files.remove(`${into}/VERSION`)],
    ['a file cut short', (host: DockerHost) => host.files.write(`${into}/VERSION`, Buffer.from('3.1'), ROOT)],
    ['a deleted manifest', (host: DockerHost) => host.files.remove(`${into}/.manifest.json`)],
    [
      'a damaged manifest',
      (host: DockerHost) => host.files.write(`${into}/.manifest.json`, Buffer.from('{"archive'), ROOT),
    ],
    ['another mode', (host: DockerHost) => host.files.own(into, { ...ROOT, mode: '0777' })],
    [
      'a work directory that a killed run left',
      (host: DockerHost) => host.files.makeDirectory(`${work}/content`, ROOT),
    ],
  ])('%s is drift, and is repaired', async (_, drift) => {
    const host = new DockerHost();
    await run(host);
    const whole = JSON.stringify(host.snapshot());
    drift(host);
    expect((await run(host, from, { check: true })).rows).toEqual([`changed package ${into}`]);
    expect((await run(host)).rows).toEqual([`changed package ${into}`]);
    expect(JSON.stringify(host.snapshot())).toBe(whole);
  });

  test('no unpacked file of a killed run gets into the next one', async () => {
    const host = new DockerHost();
    host.files.makeDirectory(`${work}/content`, ROOT);
    host.files.write(`${work}/content/stray`, Buffer.from('of another version'), ROOT);
    expect((await run(host)).codes).toEqual([]);
    expect(text(host, 'stray')).toBeNull();
  });

  test('a mode alone is set without sending the package again', async () => {
    const host = new DockerHost();
    await run(host);
    host.files.own(into, { ...ROOT, mode: '0777' });
    const { writes } = host;
    await run(host);
    expect(host.writes).toBe(writes + 1);
  });

  test('a foreign file beside it is left alone', async () => {
    const host = new DockerHost();
    await run(host);
    host.files.write(`${into}/notes.txt`, Buffer.from('mine'), ROOT);
    expect((await run(host)).rows).toEqual([`ok package ${into}`]);
  });

  test('cut at any write, without any cleanup, the next run ends in the same state', async () => {
    const whole = new DockerHost();
    await run(whole);
    for (let cut = 1; cut <= whole.writes; cut++)
      for (const moment of ['before', 'after'] as const) {
        const host = new DockerHost();
        host.onWrite = (at, count) => {
          // After the cut nothing runs: the controller is dead.
          if (count > cut || (at === moment && count === cut)) throw new OrchError('X_CONTROLLER_KILLED', 'killed');
        };
        await run(host);
        host.onWrite = undefined;
        expect((await run(host)).codes).toEqual([]);
        expect(host.snapshot()).toEqual(whole.snapshot());
      }
  });

  test('a full disk is refused before the upload, with the numbers', async () => {
    const host = new DockerHost({ freeBytes: 100 });
    const { codes, events } = await run(host);
    expect(codes).toEqual(['DISK_FULL']);
    expect(JSON.stringify(events)).toContain(into);
    expect([...host.files.keys()].filter((path) => path.startsWith('/opt'))).toEqual([]);
  });

  test('the part sent before a cut stays there, and counts as room on a small disk', async () => {
    const size = readFileSync(from).length;
    const host = new DockerHost({ freeBytes: 100 });
    const part = `${work}/.package.tar.gz.0123456789ab.api7-orch-part`;
    host.files.makeDirectory(work, { mode: '0700', owner: 'root', group: 'root' });
    host.files.makeDirectory(`${work}/content`, ROOT);
    host.files.write(part, Buffer.alloc(size), ROOT);
    host.files.write(`${work}/content/stray`, Buffer.from('x'.repeat(100)), ROOT);
    const seen: boolean[] = [];
    host.onWrite = (moment, count) => {
      if (moment === 'after' && count === 2) throw new OrchError('CONNECTION_LOST', 'cut');
      if (moment === 'before' && count === 3) seen.push(host.files.has(part), host.files.has(`${work}/content/stray`));
    };
    expect((await run(host)).rows).toEqual([`changed package ${into}`]);
    expect(seen).toEqual([true, false]);
    expect([...host.files.keys()].filter((path) => path.includes('api7-orch'))).toEqual([]);
  });

  test.each([
    ['others can enter', { mode: '0755', owner: 'root', group: 'root' }],
    ['another user owns', { mode: '0700', owner: 'ops', group: 'ops' }],
  ])('a work directory that %s is not trusted', async (_, owned) => {
    const host = new DockerHost();
    host.files.makeDirectory(work, owned);
    host.files.write(`${work}/planted`, Buffer.from('x'), ROOT);
    host.onWrite = (moment, count) => {
      if (moment === 'after' && count === 1) expect(host.files.has(`${work}/planted`)).toBe(false);
    };
    expect((await run(host)).codes).toEqual([]);
  });

  test('a failing tar leaves no file', async () => {
    const host = new DockerHost({ command: () => ({ code: 2, stderr: 'tar: write error: No space left on device' }) });
    expect((await run(host)).codes).toEqual(['DISK_FULL']);
    expect([...host.files.keys()].filter((path) => path.includes('api7-orch'))).toEqual([]);
    const without = new DockerHost({ command: () => ({ code: 127, stderr: 'sh: tar: not found' }) });
    const { events } = await run(without);
    expect(JSON.stringify(events)).toContain('install tar on that host');
  });

  test.each([
    ['missing', '/nowhere/p.tar.gz', 'LOCAL_FILE_MISSING'],
    ['cut short', join(directory, 'cut.tar.gz'), 'PACKAGE_DAMAGED'],
  ])('a package that is %s fails before the host is changed', async (_, path, code) => {
    writeFileSync(join(directory, 'cut.tar.gz'), (await tarGzOf({ a: sha256('a').repeat(50) })).subarray(0, 60));
    const host = new DockerHost();
    await expect(run(host, path)).rejects.toMatchObject({ code, message: expect.stringContaining(path) });
    expect(host.reads + host.writes).toBe(0);
  });

  test('a package with the declared digest is accepted; any other fails before the host is changed', async () => {
    const digest = sha256(readFileSync(from));
    const playOf = (wanted: string) =>
      onePlay(function* () {
        yield package_({ from, into, sha256: wanted });
      });
    expect((await runPlays([new DockerHost()], playOf(digest))).rows).toEqual([`changed package ${into}`]);
    const host = new DockerHost();
    const other = digest.replace(/^./, (first) => (first === '0' ? '1' : '0'));
    await expect(runPlays([host], playOf(other))).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: `${from} has the sha256 digest ${digest}; ${other} is required`,
    });
    expect(host.reads + host.writes).toBe(0);
    expect(() => package_({ from, into, sha256: 'abc' })).toThrow(/64 hexadecimal digits/);
  });

  test('something else at its path is not replaced', async () => {
    const host = new DockerHost();
    host.files.write('/opt', Buffer.from('a file'), ROOT);
    const run = await runPlays(
      [host],
      onePlay(function* () {
        yield package_({ from, into: '/opt' });
      }),
    );
    expect(run.codes).toEqual(['PATH_TAKEN']);
  });
});

const ROOT = { mode: '0644', owner: 'root', group: 'root' };
