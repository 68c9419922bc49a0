import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { haproxyPools } from '../../../src/adopt/pools/haproxy-pools.ts';
import { nginxPools } from '../../../src/adopt/pools/nginx-pools.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import { startHaproxy, type TestHaproxy } from '../../support/balancers/haproxy.ts';
import { type RealNginx, startNginx } from '../../support/balancers/real-nginx.ts';
import { freePort } from '../../support/base/free-port.ts';
import { installed } from '../../support/base/installed.ts';

const NODES = [
  { name: 'cp-1', address: '127.0.72.1' },
  { name: 'gw-1', address: '127.0.72.21' },
  { name: 'gw-2', address: '127.0.72.22' },
  // Its address begins like those of others.
  { name: 'db-1', address: '127.0.72.2' },
  { name: 'gw-6', address: 'fd00::26' },
];
const [PORT, STREAM] = [await freePort(), await freePort()];
const host = withDocker(await connectLocal('lb-1', { become: 'none' }));
afterAll(() => host.close());

describe('nginx', () => {
  const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
  const LINES = `server 127.0.72.21:9080 weight=5 max_fails=0; # the first
server 127.0.72.22:9080 down;
# server 127.0.72.2:9080;
server [fd00::26]:9080;
`;
  let real: RealNginx;
  beforeAll(async () => {
    installed(STREAM_MODULE, 'libnginx-mod-stream');
    real = await startNginx(
      PORT,
      LINES,
      (include) => `load_module ${STREAM_MODULE};
stream {
  upstream gateways_tcp {
    hash $remote_addr consistent;
    include ${include};
  }
  server { listen 127.0.0.1:${STREAM}; proxy_pass gateways_tcp; }
  include ${dirname(dirname(include))}/streams/*.conf;
}
`,
    );
  });
  afterAll(() => real?.[Symbol.asyncDispose]());

  /** What discovery finds with this in the block `http`, and files beside the configuration. */
  async function found(http: string, files: Readonly<Record<string, string>> = {}) {
    const directory = dirname(dirname(real.include));
    for (const [name, text] of Object.entries(files)) {
      execFileSync('mkdir', ['-p', dirname(join(directory, name))]);
      writeFileSync(join(directory, name), text);
    }
    writeFileSync(real.other, http);
    const program = real.test.slice(0, -1);
    // A configuration that nginx refuses would show nothing.
    execFileSync(program[0] ?? '', [...program.slice(1), '-t'], { stdio: 'pipe' });
    return await nginxPools(host, NODES, { pid: real.pid, program });
  }

  const gateways = () => ({
    host: 'lb-1',
    driver: { driver: 'nginx', include: real.include },
    port: 9080,
    members: ['gw-1', 'gw-2', 'gw-6'],
  });

  test('one file that an HTTP and a stream upstream include is one pool', async () => {
    expect(await found('')).toEqual({ pools: [gateways()], notes: [] });
  });

  test.each(['upstreams/tls.conf', '"upstreams/tls.conf"', 'upstreams/tl*.conf', 'upstreams/tls.con[f]'])(
    'an upstream in an included file, that includes %s, relative to the directory of nginx.conf',
    async (include) => {
      const { pools, notes } = await found('include sites/*.conf;', {
        'sites/api7.conf': `upstream tls # by the team
{
  zone tls 64k; include ${include};
  keepalive 8; } server { listen 127.0.0.1:${PORT + 1}; location / { proxy_pass https://tls; } }
`,
        'upstreams/tls.conf': 'server 127.0.72.21:9443;\nserver\n  127.0.72.22:9443\n  weight=2;\n',
      });
      expect(notes).toEqual([]);
      expect(pools).toEqual([
        gateways(),
        {
          host: 'lb-1',
          driver: { driver: 'nginx', include: join(dirname(dirname(real.include)), 'upstreams/tls.conf') },
          port: 9443,
          members: ['gw-1', 'gw-2'],
        },
      ]);
    },
  );

  test('an upstream of a stream, in a file of its own', async () => {
    const files = {
      'streams/redis.conf': 'upstream mqtt {\n  include upstreams/mqtt.conf;\n}\n',
      'upstreams/mqtt.conf': 'server 127.0.72.22:1883;\n',
    };
    const { pools, notes } = await found('', files);
    expect(notes).toEqual([]);
    expect(pools.map(({ members, port }) => [port, ...members])).toEqual([
      [9080, 'gw-1', 'gw-2', 'gw-6'],
      [1883, 'gw-2'],
    ]);
    execFileSync('rm', ['-r', join(dirname(dirname(real.include)), 'streams')]);
  });

  const WAYS: readonly (readonly [string, string, Readonly<Record<string, string>>, string])[] = [
    [
      'servers in the block itself',
      'upstream a { server 127.0.72.1:17080; }',
      {},
      'nginx upstream a has its servers in the block itself, so no run can drain cp-1 there',
    ],
    [
      'a server without a port, over several lines',
      'upstream a {\n  server\n    127.0.72.1\n    weight=3;\n}\n',
      {},
      'nginx upstream a has its servers in the block itself, so no run can drain cp-1 there',
    ],
    [
      'several files',
      'upstream a { include upstreams/one.conf; include upstreams/two.conf; }',
      { 'upstreams/one.conf': 'server 127.0.72.21:80;', 'upstreams/two.conf': 'server 127.0.72.22:80;' },
      'nginx upstream a includes several files, so no run can drain gw-1, gw-2 there',
    ],
    [
      'a pattern of several files',
      'upstream a { include upstreams/part-*.conf; }',
      { 'upstreams/part-1.conf': 'server 127.0.72.21:80;', 'upstreams/part-2.conf': 'server 127.0.72.22:80;' },
      'nginx upstream a includes several files, so no run can drain gw-1, gw-2 there',
    ],
    [
      'a whole upstream in the included file',
      'include upstreams/whole.conf;',
      { 'upstreams/whole.conf': 'upstream a {\n  server [fd00::26]:9080;\n}\n' },
      'nginx upstream a has its servers in the block itself, so no run can drain gw-6 there',
    ],
    [
      'a server that is passed requests without an upstream',
      `server { listen 127.0.0.1:${PORT + 1}; location / { proxy_pass http://127.0.72.1:17080/; } }`,
      {},
      'nginx passes requests to cp-1 without an upstream (127.0.72.1:17080)',
    ],
  ];

  test.each(WAYS)('%s: no pool, and a note with the next step', async (_what, http, files, words) => {
    const { pools, notes } = await found(http, files);
    expect(pools).toEqual([gateways()]);
    expect(notes).toEqual([expect.stringContaining(`lb-1: ${words}`)]);
    expect(notes[0]).toContain('reload nginx and run discover again');
  });

  test('servers of others, and comments, are nothing', async () => {
    const http =
      'upstream web { server 127.0.72.210:9080; # server 127.0.72.1:80; }\n}\n# upstream b {\n# server 127.0.72.1:80;\n# }\n';
    expect(await found(http)).toEqual({ pools: [gateways()], notes: [] });
  });

  test('a configuration that nginx refuses by now is a note', async () => {
    writeFileSync(real.other, 'no_such_directive on;\n');
    const shown = await nginxPools(host, NODES, { pid: real.pid, program: real.test.slice(0, -1) });
    expect(shown).toEqual({
      pools: [],
      notes: ['lb-1: nginx does not show its configuration: see nginx -T on that host'],
    });
  });
});

describe('HAProxy', () => {
  const CONFIG = (socket: string) => `
global
  # stats socket /run/other.sock level admin
  stats socket ${socket}
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend in
  bind 127.0.0.1:${PORT}
  default_backend gateways
frontend any
  bind 127.0.0.1:${STREAM}
  mode tcp
  default_backend any_port
backend gateways
  default-server check
  server gw-1 127.0.72.21:9080 weight 100
  server second 127.0.72.22:9080 weight 100 disabled
  server six [fd00::26]:9080
  server other 127.0.72.210:9080
backend gateways_tls
  mode tcp
  server gw-1 127.0.72.21:9443 track gateways/gw-1
  server-template gw 2 127.0.72.22:9443
backend gateways_tcp
  mode tcp
  server gw-1 127.0.72.21:9080
backend any_port
  mode tcp
  server cp-1 127.0.72.1
`;
  let real: TestHaproxy;
  beforeAll(async () => {
    real = await startHaproxy(CONFIG('unix@%s mode 600 level admin'));
  });
  afterAll(() => real?.[Symbol.asyncDispose]());

  test('servers of one port are a pool, whatever their backends; one without a port of its own is a note', async () => {
    const driver = { driver: 'haproxy', socket: real.socket };
    expect(await haproxyPools(real.host, NODES, real.config)).toEqual({
      pools: [
        { host: 'lb-1', driver, port: 9080, members: ['gw-1', 'gw-2', 'gw-6'] },
        { host: 'lb-1', driver, port: 9443, members: ['gw-1', 'gw-2'] },
      ],
      notes: [expect.stringContaining('lb-1: the server any_port/cp-1 of HAProxy sends requests to cp-1 on the port')],
    });
  });

  test('a socket of a lower level is none', async () => {
    await real.reload(CONFIG('%s mode 600 level admin\n  stats socket %s.user mode 600 level user'));
    expect((await haproxyPools(real.host, NODES, real.config)).pools).toHaveLength(2);
    writeFileSync(real.config, CONFIG(`${real.socket} mode 600 level operator`));
    expect(await haproxyPools(real.host, NODES, real.config)).toEqual({
      pools: [],
      notes: [expect.stringContaining('HAProxy has no admin socket')],
    });
  });
});
