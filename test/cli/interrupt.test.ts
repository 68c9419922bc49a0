import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type Interrupt, interruptSignal } from '../../src/cli/interrupt.ts';
import { TextStream } from '../render/text-stream.ts';

let interrupt: Interrupt | undefined;
afterEach(() => interrupt?.dispose());

/** The aborted signals after these process signals. */
function after(...names: readonly NodeJS.Signals[]): readonly [boolean, boolean] {
  // Enough for a message, but no socket.
  interrupt = interruptSignal(new TextStream() as unknown as NodeJS.WriteStream);
  for (const name of names) process.emit(name);
  return [interrupt.signal.aborted, interrupt.urgent.aborted];
}

test.each<[readonly NodeJS.Signals[], boolean, boolean]>([
  [[], false, false],
  [['SIGINT'], true, false],
  [['SIGTERM'], true, false],
  [['SIGHUP'], true, false],
  [['SIGINT', 'SIGTERM'], true, true],
  [['SIGHUP', 'SIGINT'], true, true],
  // The kernel and the shell both send one when a terminal closes.
  [['SIGHUP', 'SIGHUP', 'SIGHUP'], true, false],
  [['SIGINT', 'SIGHUP'], true, false],
])('after %j: to a safe point %s, sooner %s', (names, safePoint, sooner) => {
  expect(after(...names)).toEqual([safePoint, sooner]);
});

/** A process of its own that waits for ever: its output until these signals, each sent after a line, have ended it. */
async function ended(...signals: readonly NodeJS.Signals[]): Promise<readonly [string, number | null]> {
  const module = pathToFileURL(new URL('../../src/cli/interrupt.ts', import.meta.url).pathname).href;
  const script = `
    const { interruptSignal } = await import(${JSON.stringify(module)});
    interruptSignal(process.stderr);
    setInterval(() => undefined, 1000);
    process.stderr.write('waiting\\n');`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]);
  let text = '';
  const end = once(child, 'close');
  for (const signal of signals) {
    text += String((await once(child.stderr, 'data'))[0]);
    child.kill(signal);
  }
  const [code] = await end;
  return [text, code];
}

test('the first two signals name what they stop, the third one ends the process at once with 6', async () => {
  const [text, code] = await ended('SIGHUP', 'SIGINT', 'SIGINT');
  expect(text.split('\n').filter((line) => line !== '')).toEqual([
    'waiting',
    'Interrupted: finishing the current node. Press Ctrl-C again to stop sooner.',
    'Stopping after the current command; nodes may stay drained.',
  ]);
  expect(code).toBe(6);
});
