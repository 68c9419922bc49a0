import { expect, test } from 'vitest';
import { nginxPools } from '../../../src/adopt/pools/nginx-pools.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';

const SHOWN = `# configuration file /etc/nginx/nginx.conf:
http {
    include /etc/nginx/conf.d/*.conf;
}
# configuration file /etc/nginx/conf.d/api7.conf:
upstream gateways {
    include api7-orch/gateways.conf;
    keepalive 32;
}
upstream dashboards {
    server 10.0.1.11:17080;
}
upstream odd {
    include /etc/nginx/odd.conf;
}
upstream web { include /etc/nginx/web.conf;
}
server { listen 80; location / { proxy_pass http://gateways; } }
# configuration file /etc/nginx/api7-orch/gateways.conf:
server 10.0.2.21:9080 weight=5;
server 10.0.2.22:9080;
server 10.9.9.9:9080;
# configuration file /etc/nginx/odd.conf:
server 10.0.2.21:9443 { }
# configuration file /etc/nginx/web.conf:
server 10.9.9.9;
`;

const NODES = [
  { name: 'cp-1', address: '10.0.1.11' },
  { name: 'gw-1', address: '10.0.2.21' },
  { name: 'gw-2', address: '10.0.2.22' },
];

function hostWith(shown: { readonly code: number; readonly stdout: string }): FakeHost {
  const host = new FakeHost({ name: 'lb-1', command: () => shown });
  const root = { mode: '0644', owner: 'root', group: 'root' };
  host.files.makeDirectory('/run', root);
  host.files.write('/run/nginx.pid', Buffer.from('1\n'), root);
  return host;
}

test('each upstream whose servers have a file of their own is a pool; the others give a note with the remedy', async () => {
  const { pools, notes } = await nginxPools(hostWith({ code: 0, stdout: SHOWN }), NODES);
  expect(pools).toEqual([
    {
      host: 'lb-1',
      driver: { driver: 'nginx', include: '/etc/nginx/api7-orch/gateways.conf' },
      port: 9080,
      members: ['gw-1', 'gw-2'],
    },
  ]);
  expect(notes).toEqual([
    expect.stringContaining(
      'the upstream dashboards of nginx has servers in the block itself, so no run can drain cp-1',
    ),
    expect.stringContaining('the upstream odd of nginx includes a file with more than server lines'),
  ]);
});

test('an nginx that does not show its configuration is a note, and none that does not run', async () => {
  expect(await nginxPools(hostWith({ code: 1, stdout: '' }), NODES)).toMatchObject({
    pools: [],
    notes: [expect.stringContaining('nginx -T')],
  });
  expect(await nginxPools(new FakeHost({ name: 'lb-1' }), NODES)).toEqual({ pools: [], notes: [] });
});

test('the end of a longer output is no configuration: a note, and no pool', async () => {
  const { pools, notes } = await nginxPools(hostWith({ code: 0, stdout: SHOWN.slice(20) }), NODES);
  expect(pools).toEqual([]);
  expect(notes).toEqual(['lb-1: the configuration of nginx is too long to be read for pools']);
});

const MAIN = '# configuration file /etc/nginx/nginx.conf:\n';
const SERVERS = Array.from({ length: 10_000 }, (_, n) => `server 10.0.2.21:${n + 1};`).join('\n');

test.each([
  ['a long name', `# configuration file /etc/nginx/${'a:'.repeat(400_000)}\nupstream ${' '.repeat(400_000)}{\n`],
  [
    'many upstreams of many servers',
    `${MAIN}${'upstream a { include a; }\n'.repeat(20_000)}# configuration file /etc/nginx/a:\n${SERVERS}`,
  ],
  [
    'many patterns, and many files',
    MAIN +
      Array.from({ length: 15_000 }, (_, n) => `upstream a { include a${n}*; }\n`).join('') +
      Array.from({ length: 15_000 }, (_, n) => `# configuration file /etc/nginx/a${n}:\n`).join(''),
  ],
  ['blank lines in a block', `${MAIN}upstream a {\n${' \n'.repeat(400_000)}server {`],
])('%s: read in linear time', async (_what, stdout) => {
  const begun = performance.now();
  const { pools } = await nginxPools(hostWith({ code: 0, stdout }), NODES);
  expect(pools.length).toBeLessThanOrEqual(10_000);
  expect(performance.now() - begun).toBeLessThan(15_000);
});
