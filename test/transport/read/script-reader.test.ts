import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileRequest, sha256Request, statRequest } from '../../../src/transport/read/read-requests.ts';
import type { RunScript } from '../../../src/transport/read/request.ts';
import { scriptReader } from '../../../src/transport/read/script-reader.ts';
import { HOST_FUNCTIONS } from '../../../src/transport/shell/host-functions.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

/** A shell that counts its input. */
function counted(): { readonly run: RunScript; readonly scripts: string[] } {
  const scripts: string[] = [];
  const run: RunScript = (script) =>
    new Promise((resolve, reject) => {
      scripts.push(script);
      const child = spawn('sh', ['-s'], { stdio: 'pipe' });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', reject);
      child.on('close', () =>
        resolve({ stdout: Buffer.concat(out), stderr: Buffer.concat(err), sentAt: Date.now(), answeredAt: Date.now() }),
      );
      child.stdin.end(`${HOST_FUNCTIONS}\n${script}`);
    });
  return { run, scripts };
}

describe('batches', () => {
  test('all requests of one tick travel as one script, with the facts in the first', async () => {
    const { run, scripts } = counted();
    const reader = scriptReader(run);
    const chained = Promise.resolve().then(() => reader.ask(statRequest('/')));
    const [root, digest, none, facts, late] = await Promise.all([
      reader.ask(statRequest('/')),
      reader.ask(sha256Request('/dev/null')),
      reader.ask(fileRequest('/nowhere', 10)),
      reader.facts(),
      chained,
    ]);
    expect([root?.type, digest, none, late?.type]).toEqual(['directory', null, null, 'directory']);
    expect(facts.arch).not.toBe('');
    expect(scripts.length).toBe(1);
    await Promise.all([reader.facts(), reader.ask(statRequest('/'))]);
    expect(scripts.length).toBe(2);
    expect(scripts[1]).not.toContain('os-release');
  });

  test('one failing request leaves the others alone, and has only its own words', async () => {
    const reader = scriptReader(counted().run);
    const raw = (snippet: string) =>
      reader.ask({ snippet, parse: ({ code, stdout, stderr }) => ({ code, out: stdout.toString(), err: stderr }) });
    const [first, second, third] = await Promise.all([
      raw('echo one; echo un >&2; exit 3'),
      raw('cat; printf "a\\n\\nb"; set -u; echo "$nothing"'),
      raw("printf '\\n\\377\\000 %s' three"),
    ]);
    expect(first).toEqual({ code: 3, out: 'one\n', err: 'un\n' });
    expect(second).toMatchObject({ out: 'a\n\nb' });
    expect(second.code).not.toBe(0);
    expect(third).toEqual({ code: 0, out: '\n\ufffd\0 three', err: '' });
  });

  test('a shell that dies in between fails its pending requests', async () => {
    const reader = scriptReader(counted().run);
    const [before, at, after] = await Promise.allSettled([
      reader.ask(statRequest('/')),
      reader.ask({ snippet: 'kill -9 $$', parse: () => 'survived' }),
      reader.ask(fileRequest('/etc/passwd', 1_000_000)),
    ]);
    expect(before.status).toBe('fulfilled');
    for (const lost of [at, after])
      expect(lost).toMatchObject({
        status: 'rejected',
        reason: { code: 'READ_FAILED', retryable: true, hint: expect.stringContaining('kills it') },
      });
  });

  test('a batch that fails as a whole fails each request, and the facts are requested again', async () => {
    const { run, scripts } = counted();
    let broken = true;
    const reader = scriptReader((script) => (broken ? Promise.reject(new Error('gone')) : run(script)));
    await expect(reader.ask(statRequest('/'))).rejects.toThrow('gone');
    broken = false;
    await reader.ask(statRequest('/'));
    expect(scripts[0]).toContain('os-release');
  });
});

test.each(['clock', 'kernel', 'arch', 'hard', 'most', 'Uid', 'Gid', 'CapEff'])(
  'a host that does not report its %s cannot be managed',
  async (name) => {
    const { run } = counted();
    const silent: RunScript = async (script) => {
      const output = await run(script);
      const lines = output.stdout.toString().split('\n');
      return { ...output, stdout: Buffer.from(lines.filter((line) => !line.match(`^${name}[=:]`)).join('\n')) };
    };
    await expect(scriptReader(silent).facts()).rejects.toMatchObject({
      code: 'FACTS_UNREADABLE',
      message: `the host did not report its ${name}`,
      hint: expect.stringContaining('/proc'),
    });
  },
);

const ODD = temporaryDirectory('joint');

describe('joint questions', () => {
  const paths = ['/', '/etc/passwd', '/etc/hosts'];

  test('one call of a tool answers for all existing files', async () => {
    const { run, scripts } = counted();
    const reader = scriptReader(run);
    const stats = await Promise.all(paths.map((path) => reader.ask(statRequest(path))));
    expect(stats.map((stat) => stat?.type)).toEqual(['directory', 'file', 'file']);
    expect(stats.map((stat) => stat?.size)).toEqual(paths.map((path) => lstatSync(path).size));
    const digests = await Promise.all(paths.slice(1).map((path) => reader.ask(sha256Request(path))));
    expect(digests).toEqual(
      paths.slice(1).map((path) => createHash('sha256').update(readFileSync(path)).digest('hex')),
    );
    expect(scripts[0]?.match(/^joint .*$/gm)).toEqual([`joint there stats stats '/' '/etc/passwd' '/etc/hosts'`]);
  });

  test.each([
    ['all are known to be small', [10, 20], 'digests'],
    ['one is large', [10, 1_000_000], 'large_digests'],
    ['one has not been read', [10, undefined], 'large_digests'],
  ])('where %s, digests are made by %j', async (_which, sizes, tool) => {
    const { run, scripts } = counted();
    const reader = scriptReader(run);
    const asked = paths.slice(1).map((path, i) => reader.ask(sha256Request(path, { size: sizes[i] })));
    expect(new Set((await Promise.all(asked)).map((digest) => digest?.length))).toEqual(new Set([64]));
    expect(scripts[0]).toContain(`joint regular ${tool} digest `);
  });

  test.each([
    ['one that is not there', '/nowhere', null],
    ['a directory', '/etc', null],
    ['an odd name', join(ODD, 'a\\b\nc'), createHash('sha256').update('odd').digest('hex')],
  ])('%s among the others leaves each its own reply', async (_what, path, digest) => {
    writeFileSync(join(ODD, 'a\\b\nc'), 'odd');
    const reader = scriptReader(counted().run);
    const asked = ['/etc/passwd', path, '/etc/hosts'];
    const [digests, stats] = await Promise.all([
      Promise.all(asked.map((each) => reader.ask(sha256Request(each)))),
      Promise.all(asked.map((each) => reader.ask(statRequest(each)))),
    ]);
    expect(digests[1]).toBe(digest);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(digests[2]).toMatch(/^[0-9a-f]{64}$/);
    expect(stats.map((stat) => stat === null)).toEqual(asked.map((each) => each === '/nowhere'));
  });

  test('a file that was read whole a moment ago is read again only when it is another one', async () => {
    const path = join(ODD, 'whole');
    writeFileSync(path, 'one');
    const reader = scriptReader(counted().run);
    const identity = execFileSync('stat', ['-c', '%i:%s:%.9Z', path], { encoding: 'utf8' }).trim();
    // Not its digest: a digest alone shows no read.
    const known = { identity, sha256: '0'.repeat(64) };
    expect(await reader.ask(sha256Request(path, { whole: known }))).toBe(known.sha256);
    writeFileSync(path, 'two');
    expect(await reader.ask(sha256Request(path, { whole: known }))).toBe(
      createHash('sha256').update('two').digest('hex'),
    );
    rmSync(path);
    expect(await reader.ask(sha256Request(path, { whole: known }))).toBeNull();
  });

  test('more than one call can take are split into several', async () => {
    const reader = scriptReader(counted().run);
    const stats = await Promise.all(Array.from({ length: 450 }, () => reader.ask(statRequest('/etc/passwd'))));
    expect(new Set(stats.map((stat) => stat?.size)).size).toBe(1);
  });
});
