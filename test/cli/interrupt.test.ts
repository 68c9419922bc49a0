import { afterEach, expect, test } from 'vitest';
import { type Interrupt, interruptSignal } from '../../src/cli/interrupt.ts';
import { TextStream } from '../render/text-stream.ts';

let interrupt: Interrupt | undefined;
afterEach(() => interrupt?.dispose());

/** What has been aborted after these signals. */
function after(...names: readonly NodeJS.Signals[]): readonly [boolean, boolean] {
  // As good as a real one for a message, but no socket.
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
  // The kernel and the shell both send one when a terminal goes.
  [['SIGHUP', 'SIGHUP', 'SIGHUP'], true, false],
  [['SIGINT', 'SIGHUP'], true, false],
])('after %j: to a safe point %s, sooner %s', (names, safePoint, sooner) => {
  expect(after(...names)).toEqual([safePoint, sooner]);
});
