import { describe, expect, test } from 'vitest';
import { haproxyTime, mayStick, parseHaproxyConfig } from '../../../src/lb/haproxy/config.ts';
import { parseServersState } from '../../../src/lb/haproxy/state.ts';
import { timingOf } from '../../../src/lb/haproxy/timing.ts';

const HEADER = '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state';
const servers = (...names: readonly string[]) =>
  parseServersState(`1\n${HEADER}\n${names.map((name) => `3 ${name.replace('/', ' 1 ')} 10.0.0.1 2 0\n`).join('')}`);

const timing = (config: string, ...names: readonly string[]) =>
  timingOf(parseHaproxyConfig(config), servers(...names), 'lb-1:/etc/haproxy/haproxy.cfg');

const FILE = `
global
  spread-checks 0   # none
defaults
  timeout check 3s
  default-server inter 5s fall 4 rise 3
backend plain
  server a 10.0.0.1:80 check
  server b 10.0.0.1:80 check inter 500 fall 1 slowstart 30s
backend near
  timeout check 700
  default-server inter 1s
  server a 10.0.0.1:80 check rise 1
  server-template t 1-3 10.0.0.1:80 check fall 9
backend follows
  server a 10.0.0.1:80 track near/a slowstart 2s
  server 'odd name' 10.0.0.1:80 check inter "$\{EVERY}"
defaults fast
  default-server inter 100ms
backend last
  server a 10.0.0.1:80 check
defaults other from fast
  default-server rise 7
backend by-name from fast
  server a 10.0.0.1:80 check
listen both from other
  server a 10.0.0.1:80 check
`;

describe('timing of health checks', () => {
  test.each([
    [['plain/a'], { everyMs: 5000, fall: 4, rise: 3, slowstartMs: 0, timeoutMs: 3000 }],
    [['plain/b'], { everyMs: 500, fall: 1, rise: 3, slowstartMs: 30_000, timeoutMs: 3000 }],
    [['near/a'], { everyMs: 1000, fall: 4, rise: 1, slowstartMs: 0, timeoutMs: 700 }],
    [['near/t2'], { everyMs: 1000, fall: 9, rise: 3, slowstartMs: 0, timeoutMs: 700 }],
    [['follows/a'], { everyMs: 1000, fall: 4, rise: 1, slowstartMs: 2000, timeoutMs: 700 }],
    [['last/a'], { everyMs: 100, fall: 3, rise: 2, slowstartMs: 0 }],
    [['by-name/a'], { everyMs: 100, fall: 3, rise: 2, slowstartMs: 0 }],
    [['both/a'], { everyMs: 100, fall: 3, rise: 7, slowstartMs: 0 }],
    [['plain/b', 'near/a'], { everyMs: 1000, fall: 4, rise: 3, slowstartMs: 30_000, timeoutMs: 3000 }],
  ])('of %j', (names, wanted) => {
    expect(timing(FILE, ...names)).toEqual({ ...wanted, source: 'read', from: 'lb-1:/etc/haproxy/haproxy.cfg' });
  });

  test.each([
    ['a server that the file does not name', 'near/t4'],
    ['a backend that the file does not name', 'nowhere/a'],
    ['an interval from the environment', 'follows/odd'],
  ])('%s is assumed to be the default', (_what, name) => {
    expect(timing(FILE, name)).toMatchObject({ everyMs: 2000, fall: 3, rise: 2, slowstartMs: 0, source: 'assumed' });
  });

  test('an interval that spread-checks lengthens', () => {
    const config = 'global\n spread-checks 50\nbackend b\n server a 10.0.0.1:80 check inter 1s\n';
    expect(timing(config, 'b/a').everyMs).toBe(1500);
  });

  test.each([
    ['250', 250],
    ['250ms', 250],
    ['2s', 2000],
    ['1500us', 2],
    ['3m', 180_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['2 s', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('%j is %j ms', (text, ms) => {
    expect(haproxyTime(text)).toBe(ms);
  });
});

describe('requests that a drained server still gets', () => {
  test.each([
    ['cookie SRV insert indirect', true],
    ['stick on src', true],
    ['stick store-request src table other', true],
    ['use-server a if { path /a }', true],
    ['force-persist if { src 10.0.0.0/8 }', true],
    ['persist rdp-cookie', true],
    ['option persist', true],
    ['balance source', false],
    ['option httpchk GET /status', false],
    ['# cookie SRV insert', false],
    ['http-request set-header X-Cookie cookie', false],
  ])('%s: %j', (line, wanted) => {
    const config = parseHaproxyConfig(`backend b\n  ${line}\n  server a 10.0.0.1:80 check cookie one\n`);
    const section = config.backends.get('b');
    expect(section && mayStick(section)).toBe(wanted);
    const inherited = parseHaproxyConfig(`defaults\n  ${line}\nbackend b\n  server a 10.0.0.1:80\n`).backends.get('b');
    expect(inherited && mayStick(inherited)).toBe(wanted);
  });
});
