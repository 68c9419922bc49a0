import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../src/core/event/event.ts';
import { ttyRenderer } from '../../../src/render/tty/tty.ts';
import { numbered, runEnd, step, taskEnd } from '../scenarios.ts';
import { Terminal } from '../terminal.ts';
import { TextStream } from '../text-stream.ts';

const HOSTS = Array.from({ length: 200 }, (_, n) => `gw-${n + 1}`);
const TASKS = ['directory /opt/api7', 'package /opt/api7/package', 'container api7-gateway'];

// Enough for a renderer, but no socket.
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

const notReady = 'no response from http://127.0.0.1:7085/status within 2m';

/** The first batch is done, one node of the second one fails, and the others are not started. */
function failedRoll(hosts: readonly string[], batch: number): readonly RunEvent[] {
  const [bad = '', ...more] = hosts.slice(batch);
  const begun = hosts.slice(0, batch).flatMap((host) => [step(host, 'drain', 'begun')]);
  const error = { code: 'NOT_READY', host: bad, message: notReady, hint: 'read the container log below' } as const;
  const log = 'nginx: [emerg] unknown directive "worker_proceses"';
  return [
    { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts },
    { type: 'play.start', play: 'Gateways', hosts },
    {
      type: 'roll.plan',
      play: 'Gateways',
      waves: [hosts.slice(0, batch), hosts.slice(batch)],
      budgets: [{ pools: ['gateways'], maxUnavailable: batch, members: hosts.length }],
      deadlines: [],
    },
    ...begun,
    ...hosts.slice(0, batch).map((host) => step(host, 'soak', 'ok')),
    step(bad, 'waitReady', 'begun'),
    taskEnd(bad, 'httpReady http://127.0.0.1:7085/status', 'failed', { error }),
    step(bad, 'waitReady', 'failed'),
    {
      type: 'roll.evidence',
      host: bad,
      evidence: {
        container: 'api7-gateway',
        status: 'restarting',
        exitCode: 1,
        oomKilled: false,
        restarts: 4,
        probes: ['GET http://127.0.0.1:7085/status: no response'],
        log: `${log}\n`.repeat(3),
      },
    },
    {
      type: 'roll.end',
      play: 'Gateways',
      nodes: Object.fromEntries([
        ...hosts.slice(0, batch).map((host) => [host, { state: 'done', traffic: 'in' }]),
        [bad, { state: 'failed', traffic: 'out', cause: notReady, next: `api7-orch lb restore ${bad} -i prod.yaml` }],
        ...more.map((host) => [host, { state: 'untouched', traffic: 'in', cause: `${bad} failed` }]),
      ]),
    },
    runEnd(
      Object.fromEntries([
        ...hosts.slice(0, batch).map((host) => [host, { changed: 3 }]),
        [bad, { changed: 2, failed: 1 }],
        ...more.map((host) => [host, { skipped: 2 }]),
      ]),
      { outcome: 'partial', exitCode: 3, goOn: 'api7-orch run install -i prod.yaml' },
    ),
  ];
}

describe('a terminal', () => {
  test('a rolling change of many nodes that fails: its last screen has the failed node, the error and the command for resuming', async () => {
    const terminal = new Terminal(24, 80);
    await drawn(terminal, numbered(failedRoll(HOSTS, 50)), 500);
    const screen = terminal.screen.join('\n');
    expect(screen).toContain('  50 nodes done: gw-1, gw-2, ');
    expect(screen).toMatch(/^ {2}gw-51 +FAILED +drained +no response/m);
    expect(screen).toContain('  149 nodes not started: gw-52, gw-53, ');
    expect(screen).toMatch(/^NOT_READY on gw-51$/m);
    expect(screen).toMatch(/^Diagnostics gw-51: container api7-gateway: restarting/m);
    expect(screen).toMatch(/^To resume, fix gw-51, then: api7-orch run install -i prod.yaml$/m);
    expect(screen).toContain('FAILED: gw-51: no response');
  });

  test('many hosts without a rolling change, and one fails: its last screen has the error and the command for resuming', async () => {
    const terminal = new Terminal(24, 80);
    const error = { code: 'DISK_FULL', host: 'gw-7', message: 'gw-7 has no space left' } as const;
    const failed = taskEnd('gw-7', 'package /opt/api7/package', 'failed', { error });
    const counts = Object.fromEntries(HOSTS.map((host) => [host, host === 'gw-7' ? { failed: 1 } : { changed: 3 }]));
    const goOn = 'api7-orch run install -i prod.yaml';
    const events = [...run(HOSTS), failed, runEnd(counts, { outcome: 'partial', exitCode: 3, goOn })];
    await drawn(terminal, numbered(events), 500);
    const screen = terminal.screen.join('\n');
    expect(screen).toMatch(/^DISK_FULL on gw-7$/m);
    expect(screen).toMatch(/^To resume: +api7-orch run install -i prod.yaml$/m);
    expect(screen).toMatch(/^FAILED: gw-7 has no space left; 199 hosts changed/m);
  });

  test('a rolling change of many nodes at once stays within the screen while it runs, also on hold', async () => {
    const terminal = new Terminal(24, 80);
    const renderer = ttyRenderer({ stdout: stream(terminal), stderr: stream(terminal), verbose: false, diff: false });
    const [start, play, plan] = failedRoll(HOSTS, 100);
    if (start === undefined || play === undefined || plan === undefined) expect.fail('there are events');
    const why = 'gw-1: too few requests to compare with its peers: 3 of 20';
    const events: readonly RunEvent[] = [
      start,
      play,
      plan,
      ...HOSTS.slice(0, 100).map((host) => step(host, 'waitIdle', 'begun')),
      { type: 'roll.hold', play: 'Gateways', host: 'gw-1', waiting: true, why },
    ];
    for (const event of numbered(events)) renderer.event(event);
    await pause(400);
    const { screen } = terminal;
    const top = screen.findIndex((line) => line.startsWith('Gateways: 0 of 200 hosts done'));
    expect(top).toBeGreaterThanOrEqual(0);
    expect(screen.slice(top)[1]).toBe(`HOLD: ${why}`);
    expect(screen.slice(top).join('\n')).toMatch(/… and \d+ more hosts at work/);
    await renderer.close();
    expect(terminal.all.join('\n')).not.toContain('hosts done');
  });

  test('200 hosts: every change once, in order, then the recap, and no rest of the progress view', async () => {
    const terminal = new Terminal(24, 80);
    const events = [...run(HOSTS), end(HOSTS)];
    const begun = process.cpuUsage();
    const from = performance.now();
    await drawn(terminal, events, 2000);
    const frames = (performance.now() - from) / 125;
    const { user, system } = process.cpuUsage(begun);

    const lines = terminal.all.filter((line) => line.startsWith('[gw-'));
    expect(lines).toEqual(TASKS.flatMap((task) => HOSTS.map((host) => `[${host}] changed: ${task}`)));
    expect(terminal.all.filter((line) => line.includes('hosts done'))).toEqual([]);
    expect(terminal.all.slice(-3)).toEqual(['', 'OK: 200 hosts changed (1m1s)', '']);
    expect(terminal.cursorHidden).toBe(false);

    // For each frame: an empty frame, the cursor up, an empty line, a new frame, and the lines themselves.
    const own = terminal.writes - lines.length;
    expect(own).toBeLessThan(10 + 4 * (frames + 2));
    expect((user + system) / 1000).toBeLessThan(1500);
  });

  test('during the run: the play, the active hosts with their tasks, and the failures, in a bounded height', async () => {
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
    expect(screen).toContain('Gateways: 0 of 200 hosts done, 0 changes, 1 failed');
    expect(screen).toMatch(/^ {2}gw-1 +.*package \/opt\/api7\/package$/m);
    expect(screen).toContain('… and 191 more hosts at work');
    expect(screen).toContain('failed: gw-7: no space is left');
    await renderer.close();
    expect(terminal.all.join('\n')).not.toContain('hosts done');
  });

  test('output of others is put above the progress view, and their write functions are restored', async () => {
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

  test('without an event nothing is drawn', async () => {
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

test('a terminal that does not know its size gets whole lines', async () => {
  const terminal = Object.assign(new TextStream(), { isTTY: true, columns: 0, rows: 0 });
  const there = terminal as unknown as NodeJS.WriteStream;
  const renderer = ttyRenderer({ stdout: there, stderr: there, verbose: false, diff: false });
  for (const event of numbered([...run(['gw-1']), end(['gw-1'])])) renderer.event(event);
  await renderer.close();
  expect(stripVTControlCharacters(terminal.text)).toContain('[gw-1] changed: directory /opt/api7');
});
