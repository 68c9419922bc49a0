import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage, type Server } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Member } from '../../../src/core/host/balancer.ts';
import type { Connection } from '../../../src/core/host/connection.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { type NginxOptions, nginx } from '../../../src/lb/nginx/nginx.ts';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { listenAs, type RealNginx, startNginx } from '../../support/balancers/real-nginx.ts';
import { freePort } from '../../support/base/free-port.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

const PORT = await freePort();
const NODE_PORT = await freePort();
const gw1: Member = { node: 'gw-1', address: '127.0.70.1', port: NODE_PORT };
const gw2: Member = { node: 'gw-2', address: '127.0.70.2', port: NODE_PORT };
const LINES = `# the gateways
server ${gw1.address}:${NODE_PORT} max_fails=0 weight=1;
server ${gw2.address}:${NODE_PORT}   max_fails=0; # the other
`;

let sshd: TestSshd;
let raw: RawConnection;
let host: Connection;
let real: RealNginx;
let nodes: readonly Server[];
const served: string[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  raw = await sshd.connect();
  host = withDocker(raw);
  real = await startNginx(PORT, LINES);
  nodes = await Promise.all(
    [gw1, gw2].map(({ node, address }) =>
      listenAs(address, NODE_PORT, (request, response) => {
        served.push(node);
        response.writeHead(200, { 'x-node': node }).flushHeaders();
        if (request.url !== '/download') return response.end(node);
        // Of any length: a line whenever it is requested.
        downloads.push(
          () => response.write(`${node}\n`),
          () => response.end('end\n'),
        );
      }),
    ),
  );
});
afterAll(async () => {
  for (const node of nodes ?? []) {
    node.closeAllConnections();
    node.close();
  }
  await raw?.close();
  await real?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

const downloads: (() => void)[] = [];

const balancer = (options: Partial<NginxOptions> = {}) =>
  nginx({ pool: 'gateways', host: 'lb-1', ...real, ...options });
const stateOf = async (member: Member) => (await balancer().view(host, member)).servers.map(({ state }) => state);
const epochOf = async () => (await balancer().view(host, gw1)).epoch;
const reload = () => execFileSync(real.reload[0] ?? '', real.reload.slice(1), { stdio: 'pipe' });
/** Members that accept requests. */
const workersOf = () => {
  const master = readFileSync(real.pid, 'utf8').trim();
  return execFileSync('pgrep', ['-P', master, '-f', 'worker process$'], { encoding: 'utf8' }).trim().split('\n').sort();
};
const tidy = () => readdirSync(dirname(real.include));

const ask = (path = '/', agent?: Agent): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: PORT, path, agent: agent ?? false }, resolve).on('error', reject);
  });

async function nodesOf(requests: number, agent?: Agent): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let sent = 0; sent < requests; sent += 1) {
    const reply = await ask('/', agent);
    reply.resume();
    found.add(reply.statusCode === 200 ? String(reply.headers['x-node']) : `status ${reply.statusCode}`);
  }
  return [...found].sort();
}

/** Restores two serving members, from any state that a test left. */
beforeEach(async () => {
  writeFileSync(real.include, LINES);
  writeFileSync(real.other, '');
  served.length = 0;
  downloads.length = 0;
  await balancer().set(host, gw1, {});
  expect([await stateOf(gw1), await stateOf(gw2)]).toEqual([['up'], ['up']]);
});

describe('draining', () => {
  test('lets a download continue, sends no new request there, and is undone to the byte', async () => {
    const before = Object.fromEntries(
      (await balancer().view(host, gw1)).servers.map(({ name, setting }) => [name, setting]),
    );
    expect(await nodesOf(8)).toEqual(['gw-1', 'gw-2']);
    // Each worker alternates by itself, so the next node is unpredictable; the download from gw-1 is kept.
    let download = await ask('/download');
    for (let tries = 1; download.headers['x-node'] !== 'gw-1' && tries < 20; tries++) {
      download.destroy();
      downloads.length = 0;
      download = await ask('/download');
    }
    expect(download.headers['x-node']).toBe('gw-1');
    const received: string[] = [];
    download.on('data', (chunk: Buffer) => received.push(chunk.toString()));
    const ended = new Promise<string>((resolve) => {
      download.on('end', () => resolve('whole'));
      download.on('error', (error) => resolve(error.message));
    });
    const [write = () => {}, end = () => {}] = downloads.slice(-2);
    write();
    await expect.poll(() => received.join('')).toBe('gw-1\n');

    await balancer().set(host, gw1, 'drained');
    expect(await stateOf(gw1)).toEqual(['drained']);
    expect(await stateOf(gw2)).toEqual(['up']);
    expect(readFileSync(real.include, 'utf8')).toContain('max_fails=0 weight=1 down;');
    served.length = 0;
    expect(await nodesOf(20)).toEqual(['gw-2']);
    write();
    await expect.poll(() => received.join('')).toBe('gw-1\ngw-1\n');
    end();
    expect(await ended).toBe('whole');
    expect(received.join('')).toBe('gw-1\ngw-1\nend\n');
    expect(served).not.toContain('gw-1');

    await balancer().set(host, gw1, before);
    expect(readFileSync(real.include, 'utf8')).toBe(LINES);
    expect(await stateOf(gw1)).toEqual(['up']);
    expect(await nodesOf(8)).toEqual(['gw-1', 'gw-2']);
    expect(tidy()).toEqual(['gateways.conf']);
  });

  test('loses no request on new and kept connections', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    const seen: { readonly begun: string; readonly node: string }[] = [];
    let phase = 'all';
    const load = async (through?: Agent) => {
      while (phase !== 'end') {
        const begun = phase;
        try {
          for (const node of await nodesOf(1, through)) seen.push({ begun, node });
        } catch (error) {
          // A kept connection that nginx closed while it was idle is the client's to retry; any new one must get a response.
          if (through === undefined) seen.push({ begun, node: String(error) });
        }
      }
    };
    const of = (begun: string) => new Set(seen.filter((one) => one.begun === begun).map(({ node }) => node));
    const clients = [load(), load(), load(agent)];
    for (const member of [gw1, gw2]) {
      await balancer().set(host, member, 'drained');
      // An old worker reports that it exits a moment before it closes its idle connections.
      await delay(100);
      phase = `without ${member.node}`;
      await expect
        .poll(() => seen.filter(({ begun }) => begun === phase).length, { timeout: 20_000 })
        .toBeGreaterThan(50);
      phase = 'all';
      await balancer().set(host, member, { [`gateways/${member.address}:${NODE_PORT}`]: { down: 'no' } });
    }
    phase = 'end';
    await Promise.all(clients);
    agent.destroy();
    expect([of('all'), of('without gw-1'), of('without gw-2')]).toEqual([
      new Set(['gw-1', 'gw-2']),
      new Set(['gw-2']),
      new Set(['gw-1']),
    ]);
  });

  test('leaves a drained member alone', async () => {
    await balancer().set(host, gw1, 'drained');
    const workers = workersOf();
    await balancer().set(host, gw1, 'drained');
    await balancer().set(host, gw1, 'closed');
    expect(workersOf()).toEqual(workers);
  });

  test('both members at once: neither change is lost', async () => {
    await Promise.all([balancer().set(host, gw1, 'drained'), balancer().set(host, gw2, 'drained')]);
    expect([await stateOf(gw1), await stateOf(gw2)]).toEqual([['drained'], ['drained']]);
    // nginx accepts an upstream without a usable server, and returns 502.
    expect(await nodesOf(2)).toEqual(['status 502']);
  });

  test('restores the settings of the lease, drained included', async () => {
    await balancer().set(host, gw1, 'drained');
    await balancer().set(host, gw1, { [`gateways/${gw1.address}:${NODE_PORT}`]: { down: 'yes' } });
    expect(await stateOf(gw1)).toEqual(['drained']);
  });
});

describe('a file that nginx has not loaded', () => {
  test('shows the possible behavior of nginx, until it is loaded', async () => {
    await delay(50);
    writeFileSync(real.include, LINES.replace('weight=1;', 'weight=1 down;'));
    expect([await stateOf(gw1), await stateOf(gw2)]).toEqual([['up'], ['starting']]);
    expect(await nodesOf(8)).toEqual(['gw-1', 'gw-2']);
    await balancer().set(host, gw1, 'drained');
    expect([await stateOf(gw1), await stateOf(gw2)]).toEqual([['drained'], ['up']]);
    expect(await nodesOf(8)).toEqual(['gw-2']);
  });

  test('is loaded after an external reload', async () => {
    await delay(50);
    writeFileSync(real.include, LINES.replace('weight=1;', 'weight=1 down;'));
    reload();
    await expect.poll(() => stateOf(gw1), { timeout: 10_000 }).toEqual(['drained']);
  });
});

test('a drain outlives a reload and a restart; the epoch shows the restart', async () => {
  await balancer().set(host, gw1, 'drained');
  const first = await epochOf();
  reload();
  await balancer().set(host, gw2, 'drained');
  await balancer().set(host, gw2, { [`gateways/${gw2.address}:${NODE_PORT}`]: { down: 'no' } });
  expect(await epochOf()).toBe(first);
  expect(await stateOf(gw1)).toEqual(['drained']);
  await real.stop();
  await real.start();
  expect(await epochOf()).not.toBe(first);
  expect(await stateOf(gw1)).toEqual(['drained']);
  expect(await nodesOf(4)).toEqual(['gw-2']);
});

describe('a failed change leaves the file unchanged', () => {
  const failure = (change: Promise<unknown>) =>
    change.then(
      () => expect.fail('done'),
      (error: unknown) => error,
    );

  test('a configuration that nginx refuses, with its message', async () => {
    writeFileSync(real.other, 'no_such_directive on;\n');
    expect(await failure(balancer().set(host, gw1, 'drained'))).toMatchObject({
      code: 'LB_CONFIG_REFUSED',
      details: expect.stringContaining('unknown directive "no_such_directive"'),
    });
    expect(await stateOf(gw1)).toEqual(['up']);
  });

  test('a file that the configuration does not include', async () => {
    const include = `${sshd.directory}/stray.conf`;
    writeFileSync(include, LINES);
    expect(await failure(balancer({ include }).set(host, gw1, 'drained'))).toMatchObject({ code: 'LB_NOT_INCLUDED' });
    expect(readFileSync(include, 'utf8')).toBe(LINES);
  });

  test('a reload command that fails', async () => {
    const broken = balancer({ reload: ['sh', '-c', 'echo "no such luck" >&2; exit 7'] });
    expect(await failure(broken.set(host, gw1, 'drained'))).toMatchObject({
      code: 'LB_RELOAD_FAILED',
      retryable: true,
      details: 'no such luck',
    });
  });

  test('a member that is in no line', async () => {
    const unknownMember = { node: 'gw-3', address: '127.0.70.3', port: NODE_PORT };
    const unknown = { code: 'LB_MEMBER_UNKNOWN', hint: expect.stringContaining(`"server 127.0.70.3:${NODE_PORT};"`) };
    expect(await failure(balancer().view(host, unknownMember))).toMatchObject(unknown);
    expect(await failure(balancer().set(host, unknownMember, 'drained'))).toMatchObject(unknown);
    expect(await failure(balancer().view(host, { ...gw1, port: 9443 }))).toMatchObject({ code: 'LB_MEMBER_UNKNOWN' });
  });

  afterEach(() => {
    expect(readFileSync(real.include, 'utf8')).toBe(LINES);
    expect(tidy()).toEqual(['gateways.conf']);
  });
});

test('a reload that nginx does not perform is reported and visible', async () => {
  await delay(50);
  const deaf = balancer({ reload: ['true'], reloadSeconds: 1 });
  await expect(deaf.set(host, gw1, 'drained')).rejects.toMatchObject({ code: 'LB_RELOAD_FAILED', retryable: true });
  expect(await stateOf(gw1)).toEqual(['up']);
  expect(await nodesOf(8)).toEqual(['gw-1', 'gw-2']);
});

test('mode, owner and a link to the file stay unchanged', async () => {
  const elsewhere = `${sshd.directory}/gateways.conf`;
  renameSync(real.include, elsewhere);
  execFileSync('ln', ['-s', elsewhere, real.include]);
  execFileSync('sh', ['-c', 'chmod 640 "$1" && chown daemon "$1"', 'sh', elsewhere]);
  await balancer().set(host, gw1, 'drained');
  const { mode, uid } = statSync(elsewhere);
  expect([(mode & 0o777).toString(8), uid]).toEqual(['640', 1]);
  expect(readFileSync(elsewhere, 'utf8')).toContain('down;');
  rmSync(real.include);
  renameSync(elsewhere, real.include);
});

describe('a balancer that cannot be read is an error, never a drained member', () => {
  test('nginx does not run', async () => {
    await real.stop();
    await expect(stateOf(gw1)).rejects.toMatchObject({ code: 'LB_UNREACHABLE', retryable: true });
    await real.start();
  });

  test.each([
    ['no pid file', { pid: '/nonexistent/nginx.pid' }, 'LB_UNREACHABLE'],
    ['no include file', { include: '/nonexistent/gateways.conf' }, 'LB_MEMBER_UNKNOWN'],
  ])('%s', async (_name, options, code) => {
    await expect(balancer(options).view(host, gw1)).rejects.toMatchObject({ code });
  });

  test('the pid file names a process that is no nginx', async () => {
    const pid = `${sshd.directory}/other.pid`;
    writeFileSync(pid, `${process.pid}\n`);
    await expect(balancer({ pid }).view(host, gw1)).rejects.toMatchObject({ code: 'LB_UNREACHABLE' });
  });
});

test('timing is read from the line; an old file does not count as not loaded', async () => {
  utimesSync(real.include, 1, 1);
  expect(await stateOf(gw1)).toEqual(['up']);
  expect(await balancer().timing(host, gw2)).toEqual({
    everyMs: 10_000,
    fall: 0,
    rise: 1,
    slowstartMs: 0,
    source: 'read',
    from: `lb-1:${real.include}`,
  });
});
