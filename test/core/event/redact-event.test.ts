import { beforeEach, expect, test } from 'vitest';
import { forgetSecrets, Secret } from '../../../src/core/base/secret.ts';
import type { RunEvent } from '../../../src/core/event/event.ts';
import { redactEvent } from '../../../src/core/event/redact-event.ts';
import { scenarios } from '../../render/scenarios.ts';

beforeEach(forgetSecrets);

/** The parts of an event that are the program's own: its keys and its fixed values. */
function skeleton(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => skeleton(item, key));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, skeleton(field, name)]));
  return OWN.has(key) || typeof value !== 'string' ? value : 'text';
}
const OWN: ReadonlySet<string> = new Set(
  'type status outcome state traffic step code host hosts play title cluster kind path stream task hint next goOn container'.split(
    ' ',
  ),
);

const events = scenarios.flatMap((scenario) => scenario.events);
const words = (text: string): readonly string[] => text.match(/[a-z]{4,12}/g) ?? [];
const passwords = [...new Set([...words(JSON.stringify(events)), 'exec', 'host', 'error', 'gateways'])];

test('a password that is one of the words of the program changes no key, code, type, name, title or command', () => {
  expect(passwords.length).toBeGreaterThan(100);
  for (const password of passwords) {
    forgetSecrets();
    Secret.of(password);
    for (const event of events) expect(skeleton(redactEvent(event)), password).toEqual(skeleton(event));
  }
});

const SECRET = 'S3ntinel/word"&';
/** An event of each type in which every text could hold a secret. */
const full: readonly RunEvent[] = [
  { type: 'host.unreachable', host: 'gw-1', error: error() },
  { type: 'task.start', host: 'gw-1', play: 'p', task: `command ${SECRET}`, kind: 'command', waiting: false },
  { type: 'task.progress', host: 'gw-1', task: `command ${SECRET}`, text: SECRET },
  {
    type: 'task.end',
    host: 'gw-1',
    play: 'p',
    task: `command ${SECRET}`,
    kind: 'command',
    status: 'failed',
    differences: [{ path: 'env.A', before: SECRET, after: { deep: [SECRET] } }],
    patch: { before: SECRET, after: `${SECRET}\n` },
    note: SECRET,
    error: error(),
    durationMs: 1,
  },
  {
    type: 'roll.plan',
    play: 'p',
    waves: [['gw-1']],
    budgets: [{ pools: ['gateways'], maxUnavailable: 1, members: 2 }],
    deadlines: [{ name: 'n', ms: 1, source: SECRET }],
  },
  { type: 'roll.step', play: 'p', host: 'gw-1', step: 'drain', status: 'failed', note: SECRET, durationMs: 1 },
  { type: 'roll.hold', play: 'p', host: 'gw-1', waiting: true, why: SECRET, hint: SECRET },
  {
    type: 'roll.evidence',
    host: 'gw-1',
    evidence: {
      container: 'api7-gateway',
      status: SECRET,
      exitCode: 1,
      oomKilled: false,
      restarts: 1,
      probes: [SECRET],
      log: SECRET,
    },
  },
  { type: 'roll.end', play: 'p', nodes: { 'gw-1': { state: 'failed', traffic: 'out', cause: SECRET, next: SECRET } } },
  { type: 'exec.output', host: 'gw-1', stream: 'stdout', line: SECRET },
  { type: 'exec.end', host: 'gw-1', code: null, signal: SECRET, error: error(), durationMs: 1 },
  { type: 'warning', message: SECRET },
  { type: 'note', message: SECRET },
  {
    type: 'run.end',
    outcome: 'failed',
    exitCode: 3,
    check: false,
    hosts: {},
    errors: [error()],
    goOn: SECRET,
    durationMs: 1,
  },
];

function error() {
  return {
    code: 'INTERNAL',
    message: SECRET,
    hint: SECRET,
    host: 'gw-1',
    task: SECRET,
    details: SECRET,
    stack: SECRET,
  } as const;
}

test.each(full)('no text of $type shows a secret', (event) => {
  Secret.of(SECRET);
  expect(JSON.stringify(event)).toContain(JSON.stringify(SECRET).slice(1, -1));
  expect(JSON.stringify(redactEvent(event))).not.toContain('S3ntinel');
});
