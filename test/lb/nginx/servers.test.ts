import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressWithPort } from '../../../src/core/base/address-text.ts';
import { means, placesOf, serversIn, withDown } from '../../../src/lb/nginx/servers.ts';

describe('the lines of an include file', () => {
  test.each<[string, readonly [string, boolean][]]>([
    ['', []],
    ['server 10.0.2.21:9080;', [['10.0.2.21:9080', false]]],
    ['server 10.0.2.21:9080 down;', [['10.0.2.21:9080', true]]],
    [
      'server a:1 weight=5 down max_fails=0;server b:2;',
      [
        ['a:1', true],
        ['b:2', false],
      ],
    ],
    ['# server a:1;\nserver b:2; # down;\n', [['b:2', false]]],
    ['server\n  a:1 # its rack is down\n  weight=2\n;', [['a:1', false]]],
    ['keepalive 32;\nleast_conn;\nserver a:1;', [['a:1', false]]],
    ['server "a:1" \'down\';', [['a:1', false]]],
    ['server down:1;', [['down:1', false]]],
    ['server a:1 route=#1;', [['a:1', false]]],
    [
      'server a:1;\r\nserver b:2 down;\r\n',
      [
        ['a:1', false],
        ['b:2', true],
      ],
    ],
  ])('%j', (text, expected) => {
    expect(serversIn(text).map(({ address, down }) => [address, down])).toEqual(expected);
  });

  test.each([
    ['server a:1', 'ends without ";"'],
    ['upstream x { server a:1; }', 'it contains a block'],
  ])('%j is refused', (text, why) => {
    expect(() => serversIn(text)).toThrow(
      expect.objectContaining({ code: 'LB_INVALID_REPLY', message: expect.stringContaining(why) }),
    );
  });
});

describe('marking servers', () => {
  const mark = (text: string, down: boolean): string =>
    withDown(
      text,
      serversIn(text).map((server) => ({ server, down })),
    );

  test.each([
    ['server a:1;', 'server a:1 down;'],
    ['server a:1 weight=5 ; # first\nserver b:2;', 'server a:1 weight=5 down ; # first\nserver b:2 down;'],
    ['server a:1 # why\n;', 'server a:1 down # why\n;'],
    ['server a:1 down weight=5;', 'server a:1 down weight=5;'],
  ])('%j becomes %j', (text, marked) => {
    expect(mark(text, true)).toBe(marked);
  });

  test.each([
    ['server a:1 down;', 'server a:1;'],
    ['server a:1 down weight=5 down;', 'server a:1 weight=5;'],
    ['server a:1 # why\ndown;', 'server a:1 # why\n;'],
  ])('%j becomes %j when unmarked', (text, unmarked) => {
    expect(mark(text, false)).toBe(unmarked);
  });

  const word = fc.constantFrom('weight=5', 'max_fails=0', 'backup', '"quo ted"', 'a#b', 'fail_timeout=10s');
  const blank = fc.constantFrom(' ', '  ', '\t', '\n', ' # a comment; down\n');
  const line = fc
    .tuple(fc.constantFrom('10.0.0.1:80', '[fd00::1]:9080', 'gw-1:9080'), fc.array(fc.tuple(blank, word)), blank)
    .map(([address, words, end]) => `server ${address}${words.flat().join('')}${end};`);
  const file = fc.array(fc.oneof(line, fc.constantFrom('# a line\n', 'zone gateways 64k;', '\n')), { minLength: 1 });

  test('is undone to the byte, and changes no other server', () => {
    fc.assert(
      fc.property(file, fc.nat(), (parts, pick) => {
        const text = parts.join('\n');
        const servers = serversIn(text);
        const chosen = servers[pick % Math.max(1, servers.length)];
        if (chosen === undefined) return;
        const marked = withDown(text, [{ server: chosen, down: true }]);
        const after = serversIn(marked);
        expect(after.map(({ address }) => address)).toEqual(servers.map(({ address }) => address));
        expect(after.map(({ down }) => down)).toEqual(servers.map((server) => server === chosen));
        const again = after[servers.indexOf(chosen)];
        expect(again === undefined ? '' : withDown(marked, [{ server: again, down: false }])).toBe(text);
      }),
    );
  });
});

test.each([
  ['10.0.2.21:9080', '10.0.2.21', 9080, true],
  ['10.0.2.21:9080', '10.0.2.21', 9443, false],
  ['10.0.2.21:9080', '10.0.2.2', 9080, false],
  ['10.0.2.21', '10.0.2.21', 80, true],
  ['10.0.2.21', '10.0.2.21', 9080, false],
  ['GW-1.example.com:9080', 'gw-1.example.com', 9080, true],
  ['[FD00:0::22]:9080', 'fd00::22', 9080, true],
  ['[fd00::22]:9080', 'fd00::2', 9080, false],
  ['unix:/run/gw.sock', '/run/gw.sock', 80, false],
])('"server %s" means %s port %i: %s', (address, host, port, expected) => {
  const [server] = serversIn(`server ${address};`);
  expect(server === undefined ? undefined : means(server, host, port)).toBe(expected);
});

test.each([
  ['10.0.2.21', '10.0.2.21:9080'],
  ['fd00::22', '[fd00::22]:9080'],
])('%s is written as nginx needs it', (address, expected) => {
  expect(addressWithPort(address, 9080)).toBe(expected);
});

const DUMP = `# configuration file /etc/nginx/nginx.conf:
http {
  upstream web {
    server 10.0.2.21:9080 weight=5;
    # server 10.0.2.21:9999;
    server 10.0.2.22:9443;
  }
  upstream web_tls { server 10.0.2.21:9443; }
  server {
    server_name 10.0.2.21;
    location / { proxy_pass http://10.0.2.21:7000/; }
    location /a { proxy_pass http://web; }
    location /b { grpc_pass grpc://10.0.2.21:7001; }
  }
}
stream {
  server {
    listen 9081;
    proxy_pass 10.0.2.21:9081;
  }
}
`;

test('blocks of a whole configuration that send requests to an address', () => {
  expect(placesOf(DUMP, '10.0.2.21')).toEqual([
    { name: 'web/10.0.2.21:9080', port: 9080 },
    { name: 'web_tls/10.0.2.21:9443', port: 9443 },
    { name: 'proxy_pass/10.0.2.21:7000', port: 7000 },
    { name: 'grpc_pass/10.0.2.21:7001', port: 7001 },
    { name: 'proxy_pass/10.0.2.21:9081', port: 9081 },
  ]);
  expect(placesOf('server '.repeat(200_000), '10.0.2.21')).toEqual([]);
});
