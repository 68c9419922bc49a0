import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/core/host/connection.ts';
import { dockerOver, withDocker } from '../../../src/docker/client.ts';
import { idle, type Requests } from '../../../src/tasks/idle.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import { endProcess } from '../../support/base/end-process.ts';
import { installed } from '../../support/base/installed.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { seenBy } from '../../support/cluster/seen-by.ts';

/** nginx as the gateway, in a network of its own like a container's, with a client in the same network. */
const directory = temporaryDirectory('idle');
let network: ChildProcess;
let client: ChildProcess;
let host: Connection;

const NGINX = `
worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log; events { }
http {
  access_log off; keepalive_timeout 60s;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  upstream app { server 127.0.0.1:1980; keepalive 16; }
  server {
    listen 9080;
    location = /fast { return 200 "fast"; }
    location = /large { root ${directory}; }
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_pass http://app; }
  }
}`;

/** Responds on request; a line of input names the connection and the request. */
const CLIENT = `
import http from 'node:http';
import net from 'node:net';
import { createInterface } from 'node:readline';
http.createServer((request, response) => {
  const [, seconds] = /silent\\?(\\d+)/.exec(request.url) ?? [];
  const [, drops] = /drip\\?(\\d+)/.exec(request.url) ?? [];
  if (drops !== undefined) {
    response.writeHead(200, { 'content-length': drops });
    let left = Number(drops);
    const drop = setInterval(() => { response.write('x'); if (--left === 0) { clearInterval(drop); response.end(); } }, 300);
    return;
  }
  setTimeout(() => response.end('done'), Number(seconds ?? 0) * 1000);
}).listen(1980, '127.0.0.1');
const open = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [name, what, mode] = line.split(' ');
  if (what === 'close') { open.get(name)?.destroy(); continue; }
  const socket = open.get(name) ?? await new Promise((resolve) => {
    const made = net.connect(9080, '127.0.0.1', () => resolve(made));
  });
  open.set(name, socket);
  if (mode === 'stalled') socket.pause();
  const answer = () => new Promise((resolve) => socket.once('data', resolve));
  const ask = (path) => socket.write('GET ' + path + ' HTTP/1.1\\r\\nHost: test\\r\\n\\r\\n');
  // Several at once on a warm connection: the last of them comes in the tick of the answer before.
  for (let i = 0; i < (mode === 'warm' ? 30 : 0); i++) { const got = answer(); ask('/fast'); await got; }
  if (what !== 'nothing') ask(what);
  console.log('asked');
}`;

async function asks(name: string, what: string, mode = ''): Promise<void> {
  const reported = new Promise((resolve) => client.stdout?.once('data', resolve));
  client.stdin?.write(`${name} ${what} ${mode}\n`);
  if (what !== 'close') await reported;
}

const look = async (): Promise<{ readonly busy: number; readonly idle: number }> => {
  const task = idle({ container: 'gateway', ports: [9080], within: '1s', still: '1.5s' });
  const { busy, idle: still } = await seenBy<Requests>(task, host);
  return { busy, idle: still };
};

/** Four connections, and no request. */
const QUIET = { busy: 0, idle: 4 };

/** Moving bytes count as busy at first; afterwards only running requests do. */
const settled = async () => {
  await sleep(2000);
  return await look();
};

const listens = (pid: number): boolean =>
  execFileSync('nsenter', ['-t', `${pid}`, '-n', 'ss', '-ltnH']).includes(':9080');

beforeAll(async () => {
  const nginx = installed('/usr/sbin/nginx', 'nginx-light');
  installed('/usr/bin/ss', 'iproute2');
  writeFileSync(join(directory, 'nginx.conf'), NGINX);
  writeFileSync(join(directory, 'large'), Buffer.alloc(64 << 20));
  writeFileSync(join(directory, 'client.mjs'), CLIENT);
  // nginx' workers drop their rights.
  execFileSync('chmod', ['-R', 'a+rX', directory]);
  network = spawn(
    'unshare',
    ['-n', 'sh', '-c', `ip link set lo up && exec ${nginx} -c ${directory}/nginx.conf -g 'daemon off;'`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const pid = network.pid ?? 0;
  while (!listens(pid)) await sleep(50);
  client = spawn('nsenter', ['-t', `${pid}`, '-n', process.execPath, join(directory, 'client.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const raw = await connectLocal('gw-1', { become: 'none' });
  const docker = dockerOver(raw.dialDocker);
  // Docker supplies only the process of the container; the rest is this machine's own.
  host = withDocker(raw);
  Object.assign(host, {
    docker: { ...docker, container: async () => ({ State: { Running: true, Pid: pid } }) },
  });
});

afterAll(async () => {
  await host?.close();
  // Their files are removed next: nginx must not write any more. What did not start needs no end.
  if (client) await endProcess(client);
  if (network) await endProcess(network);
});

describe('requests at a gateway', () => {
  test('idle keep-alive connections are not busy, after any use', async () => {
    let seen: unknown;
    // Under load, the kernel may count a response and its acknowledgement in one tick: then the safe guess is busy.
    for (let round = 0; round < 5 && JSON.stringify(seen) !== JSON.stringify(QUIET); round++) {
      await asks('unused', 'nothing');
      await asks('cold', '/fast');
      await asks('warm', '/fast', 'warm');
      await asks('proxied', '/app');
      seen = await settled();
    }
    expect(seen).toEqual(QUIET);
  });

  test('a request without a response for 10 s is busy all the time, on a cold and on a warm connection', async () => {
    await asks('cold', '/silent?10');
    await asks('warm', '/silent?10', 'warm');
    for (const _ of [1, 2, 3]) expect((await settled()).busy).toBe(2);
    await expect.poll(look, { timeout: 20_000, interval: 500 }).toEqual(QUIET);
  });

  test('a download that is held is busy until its client leaves', async () => {
    await asks('held', '/large', 'stalled');
    for (const _ of [1, 2]) expect((await settled()).busy).toBe(1);
    await asks('held', 'close');
    await expect.poll(look, { timeout: 20_000, interval: 500 }).toMatchObject({ busy: 0 });
  });

  test('a slow response is busy between two bytes', async () => {
    await asks('cold', '/drip?20');
    for (const _ of [1, 2, 3, 4]) {
      await sleep(400);
      expect((await look()).busy).toBe(1);
    }
    await expect.poll(look, { timeout: 20_000, interval: 500 }).toMatchObject({ busy: 0 });
  });
});
