import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../src/core/event/event.ts';
import { ttyRenderer } from '../../../src/render/tty/tty.ts';
import { numbered, runEnd, taskEnd } from '../scenarios.ts';
import { Terminal } from '../terminal.ts';

const HOSTS = Array.from({ length: 200 }, (_, n) => `gw-${n + 1}`);
const TASKS = ['directory /opt/api7', 'package /opt/api7/package', 'container api7-gateway'];

// The terminal is as good as a real one for a renderer, but no socket.
const stream = (terminal: Terminal) => terminal as unknown as NodeJS.WriteStream;

const started = (host: string, task: string): RunEvent => ({
  type: 'task.start',
  host,
  play: 'Gateways',
  task,
  kind: 'x',
  waiting: false,
});

const run = (hosts: readonly string[]): readonly RunEvent[] => [
  { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts },
  ...hosts.map((host): RunEvent => ({ type: 'host.connected', host, durationMs: 3 })),
  { type: 'play.start', play: 'Gateways', hosts },
  ...TASKS.flatMap((task) => [
    ...hosts.map((host) => started(host, task)),
    ...hosts.map((host) => taskEnd(host, task, 'changed')),
  ]),
  ...hosts.map((host): RunEvent => ({ type: 'host.end', host, play: 'Gateways', status: 'ok', durationMs: 9 })),
];

const end = (hosts: readonly string[]): RunEvent =>
  runEnd(Object.fromEntries(hosts.map((host) => [host, { changed: 3 }])));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function drawn(terminal: Terminal, events: readonly RunEvent[], overMs: number): Promise<void> {
  const renderer = ttyRenderer({ stdout: stream(terminal), stderr: stream(terminal), verbose: false, diff: false });
  const pieces = Math.max(1, Math.round(overMs / 10));
  const size = Math.ceil(events.length / pieces);
  for (const [index, event] of numbered(events).entries()) {
    renderer.event(event);
    if (index % size === 0) await pause(10);
  }
  await renderer.close();
}

describe('a terminal', () => {
  test('200 hosts: every change once, in order, then the recap, and no rest of the picture', async () => {
    const terminal = new Terminal(24, 80);
    const events = [...run(HOSTS), end(HOSTS)];
    const begun = process.cpuUsage();
    const from = performance.now();
    await drawn(terminal, events, 2000);
    const pictures = (performance.now() - from) / 125;
    const { user, system } = process.cpuUsage(begun);

    const lines = terminal.all.filter((line) => line.startsWith('[gw-'));
    expect(lines).toEqual(TASKS.flatMap((task) => HOSTS.map((host) => `[${host}] changed: ${task}`)));
    expect(terminal.all.filter((line) => line.includes('hosts done'))).toEqual([]);
    expect(terminal.all.slice(-3)).toEqual(['', 'OK: 200 hosts changed (1m1s)', '']);
    expect(terminal.cursorHidden).toBe(false);

    // Per picture: an empty frame, the cursor up, an empty line, a new frame, and the lines themselves.
    const own = terminal.writes - lines.length;
    expect(own).toBeLessThan(10 + 4 * (pictures + 2));
    expect((user + system) / 1000).toBeLessThan(1500);
  });

  test('while it runs: the play, who is at work on what, and what has failed, in a bounded height', async () => {
    const terminal = new Terminal(16, 60);
    const renderer = ttyRenderer({ stdout: stream(terminal), stderr: stream(terminal), verbose: false, diff: false });
    const error = { code: 'DISK_FULL', host: 'gw-7', message: 'no space is left' } as const;
    const events: readonly RunEvent[] = [
      { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: HOSTS },
      { type: 'play.start', play: 'Gateways', hosts: HOSTS },
      ...HOSTS.map((host) => started(host, 'package /opt/api7/package')),
      taskEnd('gw-7', 'package /opt/api7/package', 'failed', { error }),
    ];
    for (const event of numbered(events)) renderer.event(event);
    await pause(400);
    const screen = terminal.screen.join('\n');
    expect(screen).toContain('Gateways: 0/200 hosts done, 0 changed, 1 failed');
    expect(screen).toMatch(/^ {2}gw-1 +.*package \/opt\/api7\/package$/m);
    expect(screen).toContain('… and 191 more hosts at work');
    expect(screen).toContain('failed: gw-7: no space is left');
    await renderer.close();
    expect(terminal.all.join('\n')).not.toContain('hosts done');
  });

  test('what others print meanwhile is put above the picture, and their way of writing is put back', async () => {
    const terminal = new Terminal(24, 80);
    const renderer = ttyRenderer({ stdout: stream(terminal), stderr: stream(terminal), verbose: false, diff: false });
    const write = terminal.write;
    const [first, ...rest] = numbered([...run(['gw-1']), end(['gw-1'])]);
    if (first === undefined) expect.fail('there are events');
    renderer.event(first);
    await pause(300);
    expect(terminal.write).not.toBe(write);
    terminal.write('interrupted: ');
    terminal.write('finishing what has begun\n');
    for (const event of rest) renderer.event(event);
    await renderer.close();
    expect(terminal.all.filter((line) => line !== '')[0]).toBe('interrupted: finishing what has begun');
    expect(terminal.write).toBe(write);
  });

  test('no event, no picture', async () => {
    const terminal = new Terminal(24, 80);
    await drawn(terminal, [], 0);
    expect(terminal.bytes).toBe(0);
  });

  test('no listener for signals or the end of the process stays behind', async () => {
    const names = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'] as const;
    const counts = () => names.map((name) => process.listenerCount(name));
    await drawn(new Terminal(24, 80), [...run(['gw-1']), end(['gw-1'])], 0);
    const before = counts();
    await drawn(new Terminal(24, 80), [...run(['gw-1']), end(['gw-1'])], 200);
    expect(counts()).toEqual(before);
  });
});
