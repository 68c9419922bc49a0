import { expect, test } from 'vitest';
import type { NumberedEvent } from '../../src/core/event/event.ts';
import { chooseRenderer, type OutputForm } from '../../src/render/choose.ts';
import { scenarios } from './scenarios.ts';
import { Terminal } from './terminal.ts';
import { TextStream } from './text-stream.ts';

// Both behave as a process's own streams do, as far as renderers read them.
const stream = (writable: unknown) => writable as NodeJS.WriteStream;

const events = scenarios.find(({ name }) => name === 'failures')?.events ?? [];

async function shown(
  where: Terminal | TextStream,
  output: OutputForm | undefined,
  env: NodeJS.ProcessEnv,
): Promise<OutputForm> {
  const detail = { verbose: false, diff: false, env, stdout: stream(where), stderr: stream(new TextStream()) };
  const renderer = chooseRenderer(output === undefined ? detail : { ...detail, output });
  for (const event of events) renderer.event(event);
  await renderer.close();
  if (where instanceof Terminal) return where.frames > 0 ? 'tty' : 'plain';
  return where.text.startsWith('{') ? 'json' : 'plain';
}

test.each<[string, () => Terminal | TextStream, OutputForm | undefined, NodeJS.ProcessEnv, OutputForm]>([
  ['a terminal', () => new Terminal(24, 80), undefined, { TERM: 'xterm' }, 'tty'],
  ['a terminal that cannot be painted on', () => new Terminal(24, 80), undefined, { TERM: 'dumb' }, 'plain'],
  ['a terminal in CI', () => new Terminal(24, 80), undefined, { TERM: 'xterm', CI: 'true' }, 'plain'],
  ['a terminal in CI, asked for tty', () => new Terminal(24, 80), 'tty', { TERM: 'xterm', CI: 'true' }, 'tty'],
  ['a terminal, asked for plain', () => new Terminal(24, 80), 'plain', { TERM: 'xterm' }, 'plain'],
  ['a pipe', () => new TextStream(), undefined, { TERM: 'xterm' }, 'plain'],
  ['a pipe, asked for tty', () => new TextStream(), 'tty', { TERM: 'xterm' }, 'plain'],
  ['a pipe, asked for json', () => new TextStream(), 'json', {}, 'json'],
])('%s', async (_, where, output, env, expected) => {
  expect(await shown(where(), output, env)).toBe(expected);
});

test('json: every event in order, one per line, as it is; the last one is run.end; nothing else', async () => {
  const stdout = new TextStream();
  const stderr = new TextStream();
  const renderer = chooseRenderer({
    output: 'json',
    stdout: stream(stdout),
    stderr: stream(stderr),
    verbose: true,
    diff: true,
  });
  for (const event of events) renderer.event(event);
  await renderer.close();
  expect(stdout.text.endsWith('}\n')).toBe(true);
  const lines: readonly NumberedEvent[] = stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toEqual(JSON.parse(JSON.stringify(events)));
  expect(lines.at(-1)?.type).toBe('run.end');
  expect(stderr.text).toBe('');
});
