import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/base/secret.ts';
import type { RawConnection } from '../../src/transport/raw-connection.ts';
import { listen } from '../support/base/listen.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

/** A connection under test, and what it runs on. */
export interface OpenConnection extends AsyncDisposable {
  readonly host: RawConnection;
}

export interface ContractOptions {
  /** Whether the body of an HTTP error is shown. Default: true; busybox wget cannot show it. */
  readonly bodyOfErrors?: boolean;
}

const NASTY: readonly string[] = [
  'plain.yaml',
  'two words',
  "it's",
  'quo"te',
  '-rf',
  '--help',
  'line\nbreak',
  'tab\tand\\back\\slash',
  '$HOME `id` $(id)',
  '*?[a]',
  'é漢字🙂',
  '!bang',
  '#hash',
  ';semi&amp|pipe',
  'ends with newline\n',
  '%s%n',
];

const OWNED = { mode: '0640', owner: 'root', group: 'root' } as const;
const hex = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8).padStart(4, '0');

/** The contract of every connection over any carrier. `open` returns one to this machine, as root. */
export function connectionContract(
  carrier: string,
  open: () => Promise<OpenConnection>,
  { bodyOfErrors = true }: ContractOptions = {},
): void {
  describe(carrier, () => {
    let opened: OpenConnection;
    let host: RawConnection;
    let base: string;
    let web: Server;
    let admin: TcpServer;
    let webPort: number;
    beforeAll(async () => {
      opened = await open();
      host = opened.host;
      base = temporaryDirectory('contract');
      web = createHttpServer((request, reply) => {
        if (request.url === '/slow') return;
        if (request.url === '/big') return void reply.end('x'.repeat(300_000));
        reply.statusCode = request.url === '/busy' ? 503 : 200;
        reply.end(`body of ${request.url}\n`);
      });
      webPort = await listen(web);
      admin = createTcpServer((socket) => {
        socket.on('data', (line) => socket.end(`# answer to ${line.toString().trim()}\n${'row,1\n'.repeat(20_000)}`));
      });
      await new Promise<void>((resolve) => admin.listen(join(base, 'admin.sock'), resolve));
      chmodSync(join(base, 'admin.sock'), 0o600);
    });
    afterAll(async () => {
      await opened?.[Symbol.asyncDispose]();
      web?.closeAllConnections();
      web?.close();
      admin?.close();
    });

    test('facts', async () => {
      const facts = await host.facts();
      expect(facts.arch).toBe(process.arch === 'x64' ? 'x86_64' : 'aarch64');
      expect(facts.uid).toBe(0);
      expect(facts.os).toMatch(/^[^"']+$/);
      // Whole seconds are reported, and the reply takes its time on a busy machine.
      expect(Math.abs(facts.clockSkewMs)).toBeLessThan(5000);
      expect(facts.nofile).toBeGreaterThan(256);
      expect(facts.hasFlock).toBe(true);
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      expect(facts.machine).toMatch(new RegExp(`^${boot} net:\\[\\d+\\] \\S+$`));
    });

    test('its clock, read again each time', async () => {
      const [first, { clockSkewMs }] = [await host.clock(), await host.facts()];
      expect(Math.abs(first - Date.now() - clockSkewMs)).toBeLessThan(60_000);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect((await host.clock()) - first).toBeGreaterThan(0);
    });

    test.each(NASTY)('a file named %j', async (name) => {
      const directory = join(base, 'names', hex(name).slice(0, 8));
      const path = join(directory, name);
      await host.makeDirectory(directory, { ...OWNED, mode: '0750' });
      expect(await host.stat(path)).toBeNull();
      await host.writeFile(path, `content of ${name}`, OWNED);
      expect(readFileSync(path, 'utf8')).toBe(`content of ${name}`);
      const [stat, digest, content, tree] = await Promise.all([
        host.stat(path),
        host.sha256(path),
        host.read(path),
        host.tree(directory),
      ]);
      expect(stat).toEqual({
        type: 'file',
        mode: '0640',
        uid: 0,
        gid: 0,
        owner: 'root',
        group: 'root',
        size: Buffer.byteLength(`content of ${name}`),
      });
      expect(digest).toBe(hex(`content of ${name}`));
      expect(content?.toString()).toBe(`content of ${name}`);
      expect(tree).toEqual({ [name]: Buffer.byteLength(`content of ${name}`) });
      expect(await host.freeBytes(path)).toBeGreaterThan(0);
      await host.chmod(path, { ...OWNED, mode: '0604' });
      expect(modeOf(path)).toBe('0604');
      expect((await host.run({ argv: ['printf', '%s', name] })).stdout).toBe(name);
      await host.remove(path);
      expect(readdirSync(directory)).toEqual([]);
    });

    test('external changes, in the same round trip as its facts', async () => {
      const [{ prunes, upgrades, managers }] = await Promise.all([host.automation(), host.facts()]);
      expect([prunes, upgrades, managers].every(Array.isArray)).toBe(true);
    });

    test('its network: own addresses, and what listens there', async () => {
      const server = createTcpServer();
      const port = await listen(server);
      const network = await host.network();
      expect(network.addresses).toEqual(expect.arrayContaining(['127.0.0.0/8', '127.0.0.1']));
      expect(network.addresses).toEqual(
        expect.arrayContaining(
          Object.values(networkInterfaces()).flatMap((list) =>
            (list ?? []).flatMap(({ address, family }) => (family === 'IPv4' ? [address] : [])),
          ),
        ),
      );
      const found = network.listening.filter((one) => one.port === port && one.protocol === 'tcp');
      expect(found).toEqual([expect.objectContaining({ address: '127.0.0.1' })]);
      await new Promise((resolve) => server.close(resolve));
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      const bound = socket.address().port;
      const { listening } = await host.network();
      expect(listening).toContainEqual(expect.objectContaining({ protocol: 'udp', address: '127.0.0.1', port: bound }));
      socket.close();
    });

    test('a missing path is null, and a path in the way is named', async () => {
      const file = join(base, 'a-file');
      writeFileSync(file, 'x');
      const absent = join(base, 'absent');
      expect(await Promise.all([host.stat(absent), host.sha256(absent), host.read(absent), host.tree(absent)])).toEqual(
        [null, null, null, null],
      );
      expect(
        await Promise.all([
          host.stat(`${file}/x`),
          host.sha256(`${file}/x`),
          host.read(`${file}/x`),
          host.tree(`${file}/x`),
        ]),
      ).toEqual([null, null, null, null]);
      expect(await host.sha256(base)).toBeNull();
      await expect(host.read(base)).rejects.toMatchObject({ code: 'NOT_A_FILE', host: host.name });
      await expect(host.tree(file)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
      await expect(host.makeDirectory(file, OWNED)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
      await expect(host.writeFile(base, 'x', OWNED)).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
      await expect(host.writeFile(join(absent, 'x'), 'x', OWNED)).rejects.toMatchObject({ code: 'PATH_MISSING' });
      await expect(host.chmod(absent, OWNED)).rejects.toMatchObject({ code: 'PATH_MISSING' });
      await expect(
        host.writeFile(join(base, 'owned'), 'x', { ...OWNED, owner: 'nobody-of-that-name' }),
      ).rejects.toMatchObject({ code: 'OWNER_UNKNOWN' });
      expect(existsSync(join(base, '.owned.api7-orch-new'))).toBe(false);
      await host.remove(absent);
      await expect(host.remove('/')).rejects.toMatchObject({ code: 'PATH_REFUSED' });
    });

    test('links are reported as links, and a write replaces one without following it', async () => {
      const target = join(base, 'link-target');
      const link = join(base, 'link');
      writeFileSync(target, 'precious');
      symlinkSync(target, link);
      expect(await host.stat(link)).toMatchObject({ type: 'link' });
      await host.writeFile(link, 'new', OWNED);
      expect(readFileSync(target, 'utf8')).toBe('precious');
      expect(await host.stat(link)).toMatchObject({ type: 'file' });
      const toDirectory = join(base, 'link-to-directory');
      mkdirSync(join(base, 'some-directory'));
      symlinkSync(join(base, 'some-directory'), toDirectory);
      await host.writeFile(toDirectory, 'new', OWNED);
      expect(readdirSync(join(base, 'some-directory'))).toEqual([]);
      expect(readFileSync(toDirectory, 'utf8')).toBe('new');
    });

    test('bytes arrive unchanged', async () => {
      const bytes = Buffer.concat([randomBytes(900_000), Buffer.from([0, 10, 13, 255]), Buffer.alloc(4)]);
      const path = join(base, 'bytes');
      await host.writeFile(path, bytes, OWNED);
      expect(hex(readFileSync(path))).toBe(hex(bytes));
      expect((await host.read(path))?.equals(bytes)).toBe(true);
      await host.writeFile(path, '', OWNED);
      expect(await host.read(path)).toEqual(Buffer.alloc(0));
      expect(await host.sha256(path)).toBe(hex(''));
      await host.writeFile(path, Secret.of('of a secret'), { ...OWNED, mode: '0600' });
      expect(readFileSync(path, 'utf8')).toBe('of a secret');
      expect(modeOf(path)).toBe('0600');
    });

    test('read has a limit', async () => {
      const path = join(base, 'large');
      writeFileSync(path, 'x'.repeat(101));
      await expect(host.read(path, 100)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
      expect((await host.read(path, 101))?.length).toBe(101);
    });

    test('a temporary file of a killed run is replaced', async () => {
      const path = join(base, 'target');
      writeFileSync(join(base, '.target.api7-orch-new'), 'left over');
      await host.writeFile(path, 'whole', OWNED);
      expect(readFileSync(path, 'utf8')).toBe('whole');
      expect(existsSync(join(base, '.target.api7-orch-new'))).toBe(false);
    });

    test('of simultaneous writers of one file, one wins whole and the others report it', async () => {
      const path = join(base, 'contested');
      const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(700_000));
      const ends = await Promise.allSettled(contents.map((content) => host.writeFile(path, content, OWNED)));
      expect(contents).toContain(readFileSync(path, 'utf8'));
      for (const end of ends)
        if (end.status === 'rejected')
          expect(end.reason).toMatchObject({
            code: expect.stringMatching(/^(WRITE_CONFLICT|PATH_MISSING)$/),
          });
      expect(ends.some(({ status }) => status === 'fulfilled')).toBe(true);
      expect(readdirSync(base).filter((name) => name.includes('api7-orch-new'))).toEqual([]);
    });

    test('a swap changes a file only while it has the content that was read', async () => {
      const path = join(base, 'swapped');
      const swap = (from: string | null, to: string | null) =>
        host.swapFile(path, { from: from === null ? null : hex(from), to }, OWNED);
      expect(await swap('something', 'first')).toBe(false);
      expect(existsSync(path)).toBe(false);
      expect(await swap(null, 'first')).toBe(true);
      expect(await swap(null, 'second')).toBe(false);
      expect(await swap('another', null)).toBe(false);
      expect(readFileSync(path, 'utf8')).toBe('first');
      expect(modeOf(path)).toBe('0640');
      // Binary content takes another path to the host.
      expect(await swap('first', 'größer')).toBe(true);
      expect(readFileSync(path, 'utf8')).toBe('größer');
      expect(await swap('first', 'größer')).toBe(true);
      expect(await swap('größer', null)).toBe(true);
      expect(existsSync(path)).toBe(false);
      expect(await swap('größer', null)).toBe(true);
      expect(readdirSync(base).filter((name) => name.includes('api7-orch-new'))).toEqual([]);
    });

    test('of controllers that swap one file at the same time, exactly one succeeds', async () => {
      await using other = await open();
      const path = join(base, 'contested-swap');
      for (let round = 0; round < 5; round++) {
        const ends = await Promise.all(
          [host, other.host, host, other.host].map((each, i) =>
            each.swapFile(path, { from: null, to: `of ${i}` }, OWNED),
          ),
        );
        expect(ends.filter(Boolean)).toHaveLength(1);
        expect(readFileSync(path, 'utf8')).toBe(`of ${ends.indexOf(true)}`);
        rmSync(path);
      }
    });

    test('a swap waits for the holder of the directory’s lock', async () => {
      const path = join(base, 'locked-swap');
      const holder = spawn('flock', [base, 'sh', '-c', 'echo held; sleep 1; echo first >"$0"', path], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(holder.stdout, 'data');
      expect(await host.swapFile(path, { from: null, to: 'second' }, OWNED)).toBe(false);
      expect(readFileSync(path, 'utf8')).toBe('first\n');
    });

    test('a tree of many files', async () => {
      const root = join(base, 'tree');
      const wanted: Record<string, number> = {};
      mkdirSync(join(root, 'deep', 'er'), { recursive: true });
      for (const name of [...NASTY, 'deep/a', 'deep/er/b\n5 c']) {
        mkdirSync(join(root, name, '..'), { recursive: true });
        writeFileSync(join(root, name), 'y'.repeat(name.length));
        wanted[name] = name.length;
      }
      symlinkSync('/etc/passwd', join(root, 'a-link'));
      expect(await host.tree(root)).toEqual(wanted);
      mkdirSync(join(base, 'empty'));
      expect(await host.tree(join(base, 'empty'))).toEqual({});
    });

    test('directories: parents open, the last one as requested; twice is once', async () => {
      const path = join(base, 'one', 'two', 'three');
      for (let time = 0; time < 2; time++) await host.makeDirectory(path, { mode: '0700', owner: 0, group: 0 });
      expect([join(base, 'one'), join(base, 'one/two'), path].map(modeOf)).toEqual(['0755', '0755', '0700']);
      await host.remove(join(base, 'one'));
      expect(existsSync(join(base, 'one'))).toBe(false);
    });

    test('upload streams, checks and only then takes the name', async () => {
      const local = join(base, 'upload-from');
      const remote = join(base, 'upload to');
      const bytes = randomBytes(3_000_000);
      writeFileSync(local, bytes);
      const progress: number[] = [];
      await host.upload(local, remote, { ...OWNED, sha256: hex(bytes), onProgress: (n) => progress.push(n) });
      expect(hex(readFileSync(remote))).toBe(hex(bytes));
      expect(progress.at(-1)).toBe(bytes.length);
      expect(progress.length).toBeGreaterThan(3);
      writeFileSync(local, bytes.subarray(0, 2_000_000));
      await expect(host.upload(local, remote, { ...OWNED, sha256: hex(bytes) })).rejects.toMatchObject({
        code: 'UPLOAD_CORRUPT',
      });
      expect(hex(readFileSync(remote))).toBe(hex(bytes));
      expect(readdirSync(base).filter((name) => name.includes('api7-orch-new'))).toEqual([]);
      await expect(host.upload(join(base, 'none'), remote, { ...OWNED, sha256: hex('') })).rejects.toMatchObject({
        code: 'LOCAL_FILE_MISSING',
      });
    });

    test('a full disk is reported with its free space, and no file stays behind', async () => {
      const small = join(base, 'small');
      await host.makeDirectory(small, OWNED);
      await host.run({ argv: ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small] });
      try {
        await host.writeFile(join(small, 'kept'), 'kept', OWNED);
        const error = await host.writeFile(join(small, 'big'), Buffer.alloc(200_000), OWNED).catch((e: unknown) => e);
        expect(error).toMatchObject({ code: 'DISK_FULL' });
        expect(String(error)).toContain(`${small}/big`);
        expect(String(error)).toMatch(/\d (?:bytes|KiB|MiB) free/);
        expect(readdirSync(small)).toEqual(['kept']);
      } finally {
        await host.run({ argv: ['umount', small] });
      }
    });

    test('commands: input, environment, directory, code, signal, both streams', async () => {
      expect(await host.run({ argv: ['cat'] }, { stdin: 'in put\n' })).toEqual({
        code: 0,
        signal: null,
        stdout: 'in put\n',
        stderr: '',
      });
      expect(await host.run({ argv: ['cat'] })).toMatchObject({ code: 0, stdout: '' });
      expect(await host.run({ script: 'read -r a; read -r b; echo "$b $a"' }, { stdin: 'one\ntwo\n' })).toMatchObject({
        stdout: 'two one\n',
      });
      expect(await host.run({ script: 'echo out; echo err >&2; exit 7' })).toEqual({
        code: 7,
        signal: null,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect(
        await host.run(
          { script: 'pwd; printf "%s|" "$A" "$B"' },
          { cwd: base, env: { A: "it's $x", B: Secret.of('se cret') } },
        ),
      ).toMatchObject({ stdout: `${base}\nit's $x|se cret|` });
      expect(await host.run({ argv: ['true'] }, { cwd: join(base, 'absent') })).toMatchObject({ code: 126 });
      expect(await host.run({ argv: ['no-such-program-here'] })).toMatchObject({ code: 127 });
      expect(await host.run({ argv: ['sh', '-c', 'kill -TERM $$'] })).toMatchObject({ code: null, signal: 'SIGTERM' });
      expect(await host.run({ script: 'echo one; # a comment last' })).toMatchObject({ code: 0, stdout: 'one\n' });
      expect(await host.run({ script: 'set -eu; false; echo not here' })).toMatchObject({ code: 1, stdout: '' });
      expect(await host.test({ argv: ['false'] })).toMatchObject({ code: 1 });
      await expect(host.run({ argv: [] })).rejects.toMatchObject({ code: 'COMMAND_INVALID' });
      await expect(host.run({ argv: ['true'] }, { env: { 'A B': 'x' } })).rejects.toMatchObject({
        code: 'COMMAND_INVALID',
      });
    });

    test('200 KB of input and 1 MB without a newline pass whole', async () => {
      const input = randomBytes(100_000).toString('hex');
      const { stdout } = await host.run({ argv: ['sha256sum'] }, { stdin: input });
      expect(stdout.split(' ')[0]).toBe(hex(input));
      const long = await host.run({ script: 'head -c 1000000 /dev/zero | tr "\\0" x' });
      expect(long.stdout).toBe('x'.repeat(1_000_000));
      const more = await host.run({ script: 'head -c 3000000 /dev/zero | tr "\\0" x; echo end' });
      expect(more.stdout.length).toBe(1024 * 1024);
      expect(more.stdout.endsWith('xend\n')).toBe(true);
    });

    test('a long script arrives whole', async () => {
      const script = Array.from({ length: 5000 }, (_, i) => `x${i}='${'v'.repeat(40)}'`).join('\n');
      expect(await host.run({ script: `${script}\necho "$x4999"; cat` }, { stdin: 'rest' })).toMatchObject({
        stdout: `${'v'.repeat(40)}\nrest`,
      });
    });

    test('characters are whole in every chunk of output', async () => {
      const seen: string[] = [];
      const script =
        "for i in 1 2 3; do printf '\\303'; sleep 0.05; printf '\\251\\346'; sleep 0.05; printf '\\274\\242'; done";
      const result = await host.run({ script }, { onOutput: (stream, text) => void seen.push(`${stream}:${text}`) });
      expect(result.stdout).toBe('é漢é漢é漢');
      expect(seen.join('')).not.toContain('\ufffd');
      expect(seen.map((line) => line.replace('stdout:', '')).join('')).toBe('é漢é漢é漢');
    });

    test('a slow reader of output slows the command down, and gets all of it', async () => {
      let received = 0;
      let most = 0;
      const free = Promise.withResolvers<void>();
      const running = host.run(
        { script: 'head -c 30000000 /dev/zero | tr "\\0" x; echo end >&2' },
        {
          idleMs: 2000,
          onOutput: async (_stream, text) => {
            received += text.length;
            await free.promise;
          },
        },
      );
      await delay(3000);
      most = received;
      free.resolve();
      expect(await running).toMatchObject({ code: 0, stderr: 'end\n' });
      expect(received).toBe(30_000_004);
      // One chunk is being read; the rest waits.
      expect(most).toBeLessThan(1_000_000);
    });

    test('a timeout kills the whole group', async () => {
      const mark = `3${process.pid}.${Date.now() % 100_000}`;
      const reports = join(base, 'told');
      const script = `trap 'echo TERM >${reports}; exit' TERM; echo begun; sleep ${mark} & sleep ${mark} & wait`;
      const outcome = host.run({ script }, { timeoutMs: 1500 });
      await expect(outcome).rejects.toMatchObject({ code: 'TIMED_OUT', details: 'begun\n' });
      // It may clean up before it is killed.
      expect(readFileSync(reports, 'utf8')).toBe('TERM\n');
      expect((await host.run({ script: `ps -eo stat,args | grep "[s]leep ${mark}" | grep -v '^Z'` })).stdout).toBe('');
      await expect(
        host.run({ script: "trap '' TERM; while :; do sleep 0.2; done" }, { timeoutMs: 300 }),
      ).rejects.toMatchObject({ code: 'TIMED_OUT' });
      await expect(
        host.run({ script: 'while :; do sleep 0.1; echo .; done' }, { idleMs: 2000, timeoutMs: 1500 }),
      ).rejects.toThrow(/did not end within/);
      await expect(host.run({ argv: ['sleep', '30'] }, { idleMs: 300 })).rejects.toThrow(/sent nothing/);
    });

    test('an abort ends the command', async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 200);
      await expect(host.run({ argv: ['sleep', '30'] }, { signal: controller.signal })).rejects.toMatchObject({
        code: 'INTERRUPTED',
      });
      await expect(host.run({ argv: ['true'] }, { signal: controller.signal })).rejects.toMatchObject({
        code: 'INTERRUPTED',
      });
    });

    test('a child left in the background does not block the command', async () => {
      const started = Date.now();
      expect(await host.run({ script: 'sleep 20 & echo done' })).toMatchObject({ code: 0, stdout: 'done\n' });
      expect(Date.now() - started).toBeLessThan(15_000);
    });

    test('thirty commands at once', async () => {
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, i) => host.run({ script: `sleep 0.05; echo ${i}` })),
      );
      expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 30 }, (_, i) => i));
    });

    test('no word of a command, of its input or of a secret is in the process list', async () => {
      const word = `hidden${randomBytes(6).toString('hex')}`;
      const list = `ps -eo args; : ${word}`;
      const { stdout } = await host.run(
        { script: list },
        { stdin: Secret.of(`${word}-in`), env: { PASSWORD: Secret.of(`${word}-env`) } },
      );
      expect(stdout).toContain('sh -c read');
      expect(stdout).not.toContain(word);
      const path = join(base, 'spied');
      const spying = host.run({ script: 'for i in 1 2 3 4 5 6 7 8 9 10; do ps -eo args; sleep 0.02; done' });
      for (let i = 0; i < 3; i++) await host.writeFile(path, Secret.of(`${word}-file`), OWNED);
      expect((await spying).stdout).not.toContain(word);
    });

    test('HTTP from the host itself', async () => {
      expect(await host.httpGet({ port: webPort, path: '/healthz?a=1&b=2' })).toEqual({
        status: 200,
        body: 'body of /healthz?a=1&b=2\n',
      });
      const body = bodyOfErrors ? 'body of /busy\n' : '';
      expect(await host.httpGet({ port: webPort, path: '/busy' })).toEqual({ status: 503, body });
      expect((await host.httpGet({ address: 'localhost', port: webPort, path: '/big' })).body.length).toBe(64 * 1024);
      await expect(host.httpGet({ port: 1, path: '/' })).rejects.toMatchObject({
        code: 'HTTP_UNREACHABLE',
        retryable: true,
      });
      await expect(host.httpGet({ port: webPort, path: '/slow', timeoutMs: 700 })).rejects.toMatchObject({
        code: 'HTTP_UNREACHABLE',
      });
    });

    test("HAProxy's socket, though only root may open it", async () => {
      const reply = await host.haproxyShow(join(base, 'admin.sock'), 'servers state');
      expect(reply.split('\n')[0]).toBe('# answer to show servers state');
      expect(reply.length).toBeGreaterThan(120_000);
      await expect(host.haproxyShow(join(base, 'absent.sock'), 'stat')).rejects.toMatchObject({
        code: 'HAPROXY_UNREACHABLE',
      });
    });
  });
}
