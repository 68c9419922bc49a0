import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nginxPools } from '../../../src/adopt/pools/nginx-pools.ts';
import { wrapped } from '../../../src/render/lines/wrapped.ts';
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
    server 10.0.1.11:17080 weight=2   max_fails=0;
}
upstream odd {
    include /etc/nginx/odd.conf;
}
upstream many {
    include /etc/nginx/many-*.conf;
}
upstream web { include /etc/nginx/web.conf;
}
server { listen 80; location / { proxy_pass http://gateways; } }
server { listen 81; location / { proxy_pass http://10.0.2.22:9180; } }
# configuration file /etc/nginx/api7-orch/gateways.conf:
server 10.0.2.21:9080 weight=5;
server 10.0.2.22:9080;
server 10.9.9.9:9080;
# configuration file /etc/nginx/odd.conf:
server 10.0.2.21:9443 { }
# configuration file /etc/nginx/many-1.conf:
server 10.0.2.21:1; server 10.0.2.22:2; server 10.0.2.21:3;
# configuration file /etc/nginx/many-2.conf:
server 10.0.2.21:4; server 10.0.2.22:5;
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
    'lb-1: nginx upstream dashboards has its servers in the block itself, so no run can drain cp-1 there: in /etc/nginx/conf.d/api7.conf, move "server 10.0.1.11:17080 weight=2 max_fails=0;" to a new file /etc/nginx/api7-orch/dashboards.conf, and write "include /etc/nginx/api7-orch/dashboards.conf;" in its place; reload nginx and run discover again (example: docs/adopting.md#nginx)',
    'lb-1: nginx upstream odd includes a file with more than server lines, so no run can drain gw-1 there: in /etc/nginx/conf.d/api7.conf, move "server 10.0.2.21:9443;" to a new file /etc/nginx/api7-orch/odd.conf, and write "include /etc/nginx/api7-orch/odd.conf;" in its place; reload nginx and run discover again (example: docs/adopting.md#nginx)',
    'lb-1: nginx upstream many includes several files, so no run can drain gw-1, gw-2 there: in /etc/nginx/conf.d/api7.conf, move "server 10.0.2.21:1;", "server 10.0.2.22:2;", "server 10.0.2.21:3;" and 2 more to a new file /etc/nginx/api7-orch/many.conf, and write "include /etc/nginx/api7-orch/many.conf;" in their place; reload nginx and run discover again (example: docs/adopting.md#nginx)',
    'lb-1: nginx passes requests to gw-2 without an upstream (10.0.2.22:9180), so no run can drain it there: write the line "server 10.0.2.22:9180;" to a new file that an upstream includes, and pass the requests to that upstream; reload nginx and run discover again (example: docs/adopting.md#nginx)',
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

describe('the example of docs/adopting.md', () => {
  const page = readFileSync(new URL('../../../docs/adopting.md', import.meta.url), 'utf8');
  const [before = '', after = '', servers = ''] = [...page.matchAll(/```nginx\n# [^\n]*\n([^`]*)```/g)].map(
    ([, text]) => text,
  );
  const shown = (api7: string, ...more: readonly string[]) =>
    [MAIN, '# configuration file /etc/nginx/conf.d/api7.conf:\n', api7, ...more].join('');

  test('before: its note is that of the page', async () => {
    const { pools, notes } = await nginxPools(hostWith({ code: 0, stdout: shown(before) }), NODES);
    const lines = notes.flatMap((note) => wrapped(note, 98));
    const text = lines.map((line, at) => `${at === 0 ? '- ' : '  '}${line}`).join('\n');
    expect(pools).toEqual([]);
    expect(page).toContain(`\`\`\`text\n${text}\n\`\`\``);
  });

  test('after: a pool, and no note', async () => {
    const file = `# configuration file /etc/nginx/api7-orch/gateways.conf:\n${servers}`;
    const { pools, notes } = await nginxPools(hostWith({ code: 0, stdout: shown(after, file) }), NODES);
    expect({ pools, notes }).toEqual({
      pools: [
        {
          host: 'lb-1',
          driver: { driver: 'nginx', include: '/etc/nginx/api7-orch/gateways.conf' },
          port: 9080,
          members: ['gw-1', 'gw-2'],
        },
      ],
      notes: [],
    });
  });
});
