import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex, Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { nginxPools } from '../../src/adopt/pools/nginx-pools.ts';
import { dockerOver } from '../../src/docker/client.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { mayStick, parseHaproxyConfig, serverOptions } from '../../src/lb/haproxy/config.ts';
import { parseEpoch, parseRunning, parseStat, parseTables } from '../../src/lb/haproxy/stat.ts';
import { parseServersState } from '../../src/lb/haproxy/state.ts';
import { timingOf } from '../../src/lb/haproxy/timing.ts';
import { serversIn, withDown } from '../../src/lb/nginx/servers.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { connectionsOf } from '../../src/tasks/idle/connections.ts';
import { archivedImages } from '../../src/tasks/image/archived-images.ts';
import { hostLogin } from '../../src/tasks/image/host-login.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';
import { FrameCollector } from '../../src/transport/read/frames.ts';
import { parseJumpHosts } from '../../src/transport/ssh/config/jump-hosts.ts';
import { surveyConfig } from '../../src/transport/ssh/config/survey.ts';
import { parseKnownHosts } from '../../src/transport/ssh/host-keys/known-hosts-lines.ts';
import { dockerArchive, ociArchive, tarGzOf } from '../docker/archives.ts';
import { sized } from '../docker/raw-engine.ts';
import { FakeHaproxy } from '../support/balancers/fake-haproxy.ts';
import { inDirectory } from '../support/base/in-directory.ts';
import type { Target } from './fuzz.ts';
import { mutated, mutatedBytes } from './mutated.ts';

const root = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A target that reads texts. */
const reader = (samples: readonly string[], words: readonly string[], read: (text: string) => unknown): Target => ({
  input: mutated(samples, words),
  read: (input) => read(input.toString()),
});

const inFile = async (name: string, content: string | Buffer, read: (path: string) => unknown): Promise<void> =>
  await inDirectory(async (path) => {
    await writeFile(path(name), content);
    await read(path(name));
  });

/** A target that reads a file of text. */
const fileReader = (
  name: string,
  samples: readonly string[],
  words: readonly string[],
  read: (path: string) => unknown,
): Target => reader(samples, words, (content) => inFile(name, content, read));

const TOKEN = '0123456789abcdef';

/** The output of a host's shell with a frame, in pieces of any size. */
const frames: Target = {
  input: mutatedBytes([Buffer.from(`body\n${TOKEN} 000\n`), Buffer.from(`${TOKEN}\n${TOKEN} 1\n\n${TOKEN} 127\nnext`)]),
  read(input) {
    const bytes = Buffer.from(input);
    for (const size of [1 + ((bytes[0] ?? 0) % 16), 4096]) {
      // Pieces of a few bytes each: of so many that the cost of a piece itself does not dominate.
      if (size < 17 && bytes.length > 20_000) continue;
      const collector = new FrameCollector(TOKEN);
      for (let at = 0; at < bytes.length; at += size) collector.push(bytes.subarray(at, at + size));
      void collector.end;
    }
  },
};

const inspected = JSON.stringify({
  Id: 'a'.repeat(64),
  Name: '/api7-gateway',
  Image: `sha256:${'b'.repeat(64)}`,
  RestartCount: 0,
  State: {
    Running: true,
    Status: 'running',
    Pid: 7,
    ExitCode: 0,
    OOMKilled: false,
    Error: '',
    StartedAt: '2026-01-01T00:00:00Z',
  },
  Config: { Image: 'api7/gateway:1', Hostname: 'gw-1', Env: ['A=1'], Labels: {}, Cmd: null },
  HostConfig: { NetworkMode: 'bridge', RestartPolicy: { Name: 'always' }, PortBindings: {}, Ulimits: [], Mounts: [] },
});
const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const progress = `${chunks}20\r\n{"status":"Pulling fs layer"}\r\n\r\n\r\n0\r\n\r\n`;

/** The replies of an Engine, or a proxy before it, to a question and to a pull. */
const http: Target = {
  input: mutatedBytes(
    [sized(inspected), sized('{"message":"no such container"}', '404 Not Found'), progress].map((reply) =>
      Buffer.from(reply),
    ),
  ),
  async read(input) {
    for (const ask of ['container', 'pull', 'logs'] as const) {
      const docker = dockerOver(async () => answering(Buffer.from(input)));
      try {
        if (ask === 'logs') await docker.logs('api7/gateway:1', 20);
        else await docker[ask]('api7/gateway:1');
      } finally {
        docker.close();
      }
    }
  },
};

/** A stream that gives a good reply to the first question for the version, and these bytes and an end to all others. */
function answering(reply: Buffer): Duplex {
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      done();
      if (stream.destroyed) return;
      if (chunk.includes('GET /version')) stream.push(sized('{"ApiVersion":"1.44"}'));
      else {
        stream.push(reply);
        stream.push(null);
      }
    },
  });
  return stream;
}

const haproxyFile = `global
  hard-stop-after 5m
defaults base
  timeout server 30s
  default-server inter 2s fall 3 rise 2
defaults web from base
  mode http
backend gateways
  cookie SRV insert
  stick-table type ip size 1m expire 5m
  server gw-1 10.0.2.21:9080 check inter 500ms cookie gw-1
  server-template srv 1-3 10.0.2.1:9080 check
listen stats
  bind :8404
`;
const shown = new FakeHaproxy({
  clock: { now: () => 0 },
  servers: ['gw-1', 'gw-2'].map((name) => ({ backend: 'gateways', name, address: '10.0.2.1', port: 9080 })),
});
const states = shown.show('servers state');

const haproxy = reader(
  [haproxyFile, states, shown.show('stat'), shown.show('info')],
  ['server', 'defaults', 'from', 'default-server', 'backend', 'inter', 'check', 'gateways', 'base', '1', ','],
  (input) => {
    const config = parseHaproxyConfig(input);
    for (const section of config.backends.values()) {
      mayStick(section);
      serverOptions(section, 'gw-1');
    }
    for (const parse of [parseStat, parseEpoch, parseRunning, parseTables]) refused(() => parse(input));
    const servers = refused(() => parseServersState(input)) ?? parseServersState(states);
    timingOf(config, servers, 'haproxy.cfg');
  },
);

/** The result, unless it refuses the input, which is as good: a run of its own checks that error. */
function refused<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Error && error.name === 'OrchError') return undefined;
    throw error;
  }
}

const nginx = reader(
  [
    'upstream gateways {\n  server 10.0.2.21:9080 max_fails=3 fail_timeout=30s; # one\n  server [fd00::1]:9080 down;\n  keepalive 16;\n}\n',
    'server a.example:80 weight=5;',
  ],
  ['server', 'down', ';', 'upstream', 'weight=', '#', 'max_fails='],
  (input) => {
    const servers = serversIn(input);
    withDown(
      input,
      servers.map((server) => ({ server, down: true })),
    );
  },
);

const NODES = [
  { name: 'gw-1', address: '10.0.2.21' },
  { name: 'gw-2', address: 'fd00::1' },
];
const nginxConfig = reader(
  [
    '# configuration file /etc/nginx/nginx.conf:\nhttp {\n  include conf.d/*.conf;\n}\nstream { server { proxy_pass 10.0.2.21:53; } }\n# configuration file /etc/nginx/conf.d/a.conf:\nupstream gateways {\n  include "pools/*.conf"; # one\n}\nupstream web { server [fd00::1]:80; }\n# configuration file /etc/nginx/pools/a.conf:\nserver 10.0.2.21:9080;\n',
  ],
  ['upstream x {', '}', 'include ', '*', '\n', 'server ', 'proxy_pass ', '# configuration file /a:\n', ';', '#', '"'],
  async (input) => {
    const host = new FakeHost({ name: 'lb-1', command: () => ({ code: 0, stdout: input }) });
    const root = { mode: '0644', owner: 'root', group: 'root' };
    host.files.makeDirectory('/run', root);
    host.files.write('/run/nginx.pid', Buffer.from('1'), root);
    await nginxPools(host, NODES);
  },
);

const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIAtT8Yp6Yk7n5hVb0e7Wq8cYf3m1o9p2q3r4s5t6u7v8';
const knownHosts = reader(
  [
    `gw-1,10.0.2.21 ssh-ed25519 ${key}\n@revoked * ssh-ed25519 ${key}\n|1|c2FsdA==|aGFzaA== ssh-ed25519 ${key}\n[gw-1]:2222 ssh-ed25519 ${key}\n`,
  ],
  ['*', '?', '!', '@revoked', '@cert-authority', '|1|', ',', 'ssh-rsa'],
  (input) => {
    const known = parseKnownHosts(input, 'known_hosts');
    for (const name of ['gw-1', '10.0.2.21', '[gw-1]:2222']) {
      known.of(name);
      known.damaged(name);
    }
  },
);

const sshConfig = fileReader(
  'config',
  [
    'Host gw-* !gw-9\n  User ops\n  ProxyJump jump.example:2222,ops@other\nMatch host gw-1 exec "true"\n  Port 2222\nInclude other\n',
  ],
  ['Host', 'Match', 'exec', 'Include', '*', '%h', '$HOME', '~/', 'final', 'ProxyJump', '='],
  async (path) => {
    await surveyConfig(path);
    refused(() => parseJumpHosts(readFileSync(path, 'utf8').slice(0, 4096), 'gw-1'));
  },
);

const example = text('inventory.example.yaml').replaceAll(/!env \w+/g, 'a-secret-of-ours');
const inventory = fileReader(
  'prod.yaml',
  [example, text('test/fixtures/faults/gateways.yaml')],
  [
    '&a',
    '*a',
    '<<: *a',
    '- ',
    ': ',
    '!env X',
    '!file x',
    '[',
    ']',
    'null',
    '~',
    '0x10',
    '1e9',
    '|',
    '>',
    '---',
    'all',
    'hosts',
    'members',
  ],
  (path) => loadInventory(path, { env: {} }),
);

const images: Target = {
  input: mutatedBytes(
    await Promise.all([dockerArchive(['api7/gateway:1']), ociArchive('api7/gateway:1')]).then((all) =>
      all.map(({ archive }) => archive),
    ),
  ),
  // Any exception is reported as PACKAGE_DAMAGED by its caller: here time and memory count.
  read: (input) => archivedImages(Readable.from([Buffer.from(input)])).catch(() => undefined),
};

const packageBytes = await tarGzOf({ VERSION: '3.10.5', 'conf/gateway.yaml': 'apisix: {}\n', link: '-> VERSION' });
const packages: Target = {
  input: mutatedBytes([packageBytes, gunzipSync(packageBytes)]),
  read: (input) =>
    inFile('package.tar.gz', input, async (path) => {
      await localFiles().archive(path);
    }),
};

const sockets = reader(
  [
    'ss\nESTAB 0 0 172.17.0.2:9080 10.0.0.11:40000\n\t cwnd:10 data_segs_out:1 segs_in:4 data_segs_in:2 lastsnd:900 lastrcv:800 lastack:800\n',
    'proc\n  sl  local_address rem_address   st tx_queue rx_queue\n   0: 0100007F:2378 0100007F:9C40 01 00000000:00000000 00:00000000\n',
  ],
  ['ESTAB', 'ss', 'proc', 'lastsnd:', '::ffff:', '0000000000000000FFFF00000100007F:2378', '\t'],
  (input) => connectionsOf(7, [9080], new FakeHost({ name: 'gw-1', command: () => ({ stdout: input }) })),
);

/** A file that `docker login` has left on a host. */
const dockerConfig = reader(
  [
    '{"auths":{"https://index.docker.io/v1/":{"auth":"b3BzOnBhc3N3b3Jk"},"r.example.com:5000":{"identitytoken":"tok3n"}}}',
    '{"auths":{"r.example.com:5000":{}},"credsStore":"pass","credHelpers":{"r.example.com:5000":"ecr-login"}}',
  ],
  ['auths', 'auth', 'identitytoken', 'credsStore', 'https://', '/v1/', '__proto__', '=', ':'],
  async (input) => {
    const host = new FakeHost({ name: 'gw-1' });
    host.read = async () => Buffer.from(input);
    await Promise.all(['docker.io', 'r.example.com:5000'].map((address) => hostLogin(host, address)));
  },
);

/** All readers of text from hosts, archives, balancers or files. */
export const TARGETS: Readonly<Record<string, Target>> = {
  frames,
  http,
  haproxy,
  nginx,
  nginxConfig,
  knownHosts,
  sshConfig,
  inventory,
  images,
  packages,
  sockets,
  dockerConfig,
};
