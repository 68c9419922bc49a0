import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../src/core/base/data.ts';
import type { Member } from '../../../src/core/host/balancer.ts';
import { type NginxOptions, nginx } from '../../../src/lb/nginx/nginx.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';

const OPTIONS: NginxOptions = {
  pool: 'gateways',
  host: 'lb-1',
  include: '/etc/nginx/gateways.conf',
  pid: '/run/nginx.pid',
  test: ['nginx', '-t'],
  reload: ['nginx', '-s', 'reload'],
};
const gw1: Member = { node: 'gw-1', address: '10.0.2.21', port: 9080 };
const gw2: Member = { node: 'gw-2', address: '10.0.2.22', port: 9080 };
const TEXT = 'server 10.0.2.21:9080;\nserver 10.0.2.22:9080 down;\n';

/** The output of the read: the file was written at 1000 by a clock that now shows 1100. */
const seen = (text: string, workers: readonly number[] = [5000], uptime = 70) =>
  [
    'master 100 4000',
    ...workers.map((start, index) => `worker ${200 + index} ${start}`),
    `ages 1100.000000000 ${uptime.toFixed(2)} 1000.000000000`,
    `sha256 ${sha256(text)}  -`,
    'file',
    text,
  ].join('\n');

/** `changes`: exit codes of the changes, in order. */
function lb(stdout: string | (() => string), changes: number[] = []) {
  const put: string[] = [];
  const host = new FakeHost({
    name: 'lb-1',
    command(command, _host, options) {
      if ('argv' in command && command.argv.includes('/etc/nginx/gateways.conf') && options.stdin === undefined)
        return { stdout: typeof stdout === 'string' ? stdout : stdout() };
      put.push(String(options.stdin));
      return { code: changes.shift() ?? 0, stderr: 'its words\n' };
    },
  });
  return { host, put };
}

describe('the view of a member', () => {
  test.each([
    ['loaded', [5000], ['up'], ['drained']],
    ['loaded by the younger of two workers only', [5000, 100], ['starting'], ['up']],
    ['no worker takes requests', [], ['starting'], ['up']],
  ])('%s', async (_name, workers, first, second) => {
    // The file is 100 s old. At an uptime of 120 s, a worker that was started at 1 s is older than that.
    const uptime = workers.includes(100) ? 120 : 70;
    const { host } = lb(seen(TEXT, workers, uptime));
    const views = await Promise.all([gw1, gw2].map((member) => nginx(OPTIONS).view(host, member)));
    expect(views.map(({ servers }) => servers.map(({ state }) => state))).toEqual([first, second]);
    expect(host.reads).toBe(1);
  });

  test.each([
    ['to the hundredth', '1100.500000000 60.40 1090.100000000', 5000, true],
    ['to the hundredth, the worker before the file', '1100.500000000 60.60 1090.100000000', 5000, false],
    ['in whole seconds', '1100 60.90 1090', 5000, true],
    ['in whole seconds, the worker long before the file', '1100 61.10 1090', 5000, false],
  ])('whether a file is loaded, %s', async (_name, ages, start, loaded) => {
    const text = seen(TEXT, [start]).replace(/^ages .*$/m, `ages ${ages}`);
    const { servers } = await nginx(OPTIONS).view(lb(text).host, gw1);
    expect(servers.map(({ state }) => state)).toEqual([loaded ? 'up' : 'starting']);
  });

  test('a server twice in the file is two servers, each with its own setting', async () => {
    const { host } = lb(seen('server 10.0.2.21:9080;\nserver 10.0.2.21:9080 weight=2 down;\n'));
    expect((await nginx(OPTIONS).view(host, gw1)).servers).toMatchObject([
      { name: 'gateways/10.0.2.21:9080', setting: { down: 'no' }, sessions: null, sticky: false, check: 'none' },
      { name: 'gateways/10.0.2.21:9080#2', setting: { down: 'yes' } },
    ]);
  });

  test.each([
    ['a file that was cut off', () => seen(TEXT).slice(0, -5), 'LB_INVALID_REPLY'],
    ['nothing', () => '', 'LB_INVALID_REPLY'],
    ['no file', () => 'missing\n', 'LB_MEMBER_UNKNOWN'],
    ['no process', () => 'stopped\n', 'LB_UNREACHABLE'],
    ['a block', () => seen('upstream a { server 10.0.2.21:9080; }'), 'LB_INVALID_REPLY'],
  ])('%s is %s', async (_name, print, code) => {
    const { host } = lb(print);
    await expect(nginx(OPTIONS).view(host, gw1)).rejects.toMatchObject({ code });
  });
});

describe('changes', () => {
  test('restores the previous settings of each server', async () => {
    const { host, put } = lb(seen('server 10.0.2.21:9080 down;\nserver 10.0.2.21:9080 weight=2 down;\n'));
    await nginx(OPTIONS).set(host, gw1, {
      'gateways/10.0.2.21:9080': { down: 'no' },
      'gateways/10.0.2.21:9080#2': { down: 'yes' },
    });
    expect(put).toEqual(['server 10.0.2.21:9080;\nserver 10.0.2.21:9080 weight=2 down;\n']);
  });

  test('rereads the include file after a concurrent change and keeps that change', async () => {
    const texts = [TEXT, `${TEXT}server 10.0.2.23:9080;\n`];
    const { host, put } = lb(() => seen(texts.shift() ?? ''), [70]);
    await nginx(OPTIONS).set(host, gw1, 'drained');
    expect(put.map((text) => text.split('\n').length)).toEqual([3, 4]);
    expect(put[1]).toBe('server 10.0.2.21:9080 down;\nserver 10.0.2.22:9080 down;\nserver 10.0.2.23:9080;\n');
  });

  test('gives up after too many concurrent changes', async () => {
    const { host, put } = lb(seen(TEXT), Array<number>(100).fill(70));
    await expect(nginx(OPTIONS).set(host, gw1, 'drained')).rejects.toMatchObject({ code: 'LB_BUSY', retryable: true });
    expect(put.length).toBe(10);
  });

  test.each([
    [73, 'LB_CONFIG_REFUSED', false],
    [74, 'LB_NOT_INCLUDED', false],
    [75, 'LB_RELOAD_FAILED', true],
    [76, 'LB_RELOAD_FAILED', true],
    [71, 'LB_BUSY', true],
    [72, 'LB_WRITE_FAILED', false],
    [127, 'LB_COMMAND_FAILED', false],
  ])('exit code %i is %s', async (exit, code, retryable) => {
    const { host } = lb(seen(TEXT), [exit]);
    const error = { code, retryable, details: 'its words', hint: expect.stringMatching(/./) };
    await expect(nginx(OPTIONS).set(host, gw1, 'drained')).rejects.toMatchObject(error);
  });
});

describe('timing', () => {
  test.each([
    ['', { everyMs: 10_000, fall: 1, rise: 1, slowstartMs: 0 }],
    [' max_fails=3 fail_timeout=30s', { everyMs: 30_000, fall: 3, rise: 1, slowstartMs: 0 }],
    [' fail_timeout=5 slow_start=2m', { everyMs: 5000, fall: 1, rise: 1, slowstartMs: 120_000 }],
  ])('"server …%s;"', async (parameters, expected) => {
    const { host } = lb(seen(`server 10.0.2.21:9080${parameters};\n`));
    const from = 'lb-1:/etc/nginx/gateways.conf';
    expect(await nginx(OPTIONS).timing(host, gw1)).toEqual({ ...expected, source: 'read', from });
  });

  test('the settings of the inventory win', async () => {
    const { host } = lb(seen(TEXT));
    const check = { everyMs: 5000, fall: 2, rise: 4 };
    const timing = await nginx({ ...OPTIONS, check }).timing(host, gw1);
    expect(timing).toEqual({ ...check, slowstartMs: 0, source: 'declared', from: 'the inventory' });
    expect(host.reads).toBe(0);
  });
});
