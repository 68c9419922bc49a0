import { EXIT_CODES } from '../core/event/exit-codes.ts';

let handler: ((error: unknown) => void) | undefined;
let wasCaught = false;

/** Passes uncaught errors to the running command until it is disposed. */
export function onUncaught(handle: (error: unknown) => void): Disposable {
  handler = handle;
  return {
    [Symbol.dispose]: () => {
      if (handler === handle) handler = undefined;
    },
  };
}

/** Sets the exit code of this process: an uncaught error overrides the command's own. */
export function exit(code: number): void {
  process.exitCode = wasCaught ? EXIT_CODES.internal : code;
}

/** From now on an uncaught error or rejection does not end this process before the running command has ended. */
export function watchUncaught(stderr: NodeJS.WriteStream): void {
  // Node reports rejections here too.
  process.on('uncaughtException', (error) => {
    if (handler === undefined && isClosedPipe(error)) process.exit();
    wasCaught = true;
    try {
      if (handler !== undefined) return handler(error);
    } catch {
      // It is reported below.
    }
    void import('./print/print-error.ts')
      .then(({ report }) => report(error, stderr))
      .finally(() => process.exit(EXIT_CODES.internal));
  });
}

/** A reader of the output that left early (`| head`). */
const isClosedPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';
