import { randomBytes } from 'node:crypto';
import type { Facts } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';
import { factsRequest } from './facts.ts';

/** What one request's snippet printed and how it ended. */
export interface Reply {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Controller's clock, milliseconds: when the script was sent and when its first words came back. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** One question to a host: POSIX sh that needs nothing but coreutils or busybox, and what its reply means. */
export interface Request<T> {
  readonly snippet: string;
  parse(reply: Reply): T;
}

/** Runs one script and gives all that it printed. A channel each time, or a shell that stays: the reader cannot tell. */
export type RunScript = (script: string) => Promise<{
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly sentAt: number;
  readonly answeredAt: number;
}>;

export interface ScriptReader {
  ask<T>(request: Request<T>): Promise<T>;
  /** Asked once per connection, with whatever is read first. */
  facts(): Promise<Facts>;
}

interface Waiting {
  readonly snippet: string;
  settle(reply: Reply): void;
  reject(error: unknown): void;
}

/** Collects the requests of one turn of the event loop into one script, each reply framed by a token nobody can guess. */
export function scriptReader(run: RunScript): ScriptReader {
  let waiting: Waiting[] = [];
  let known: Promise<Facts> | undefined;

  const enqueue = <T>(request: Request<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({
        snippet: request.snippet,
        reject,
        settle: (reply) => {
          try {
            resolve(request.parse(reply));
          } catch (error) {
            reject(error);
          }
        },
      });
    });

  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    const token = randomBytes(12).toString('hex');
    run(batchScript(batch, token)).then(
      (output) => settleAll(batch, token, output),
      (error: unknown) => {
        for (const request of batch) request.reject(error);
      },
    );
  };

  const facts = (): Promise<Facts> => {
    if (known === undefined) {
      known = enqueue(factsRequest);
      known.catch(() => {
        known = undefined;
      });
    }
    return known;
  };

  return {
    facts,
    ask: (request) => {
      if (known === undefined) void facts().catch(() => {});
      return enqueue(request);
    },
  };
}

const batchScript = (batch: readonly Waiting[], token: string): string =>
  [
    'export LC_ALL=C',
    ...batch.map(
      ({ snippet }) => `(\n${snippet}\n) </dev/null\nprintf '\\n${token} %d\\n' "$?"\nprintf '\\n${token}\\n' >&2`,
    ),
  ].join('\n');

function settleAll(batch: readonly Waiting[], token: string, output: Awaited<ReturnType<RunScript>>): void {
  let out = 0;
  let err = 0;
  for (const request of batch) {
    const outEnd = output.stdout.indexOf(`\n${token} `, out);
    const errEnd = output.stderr.indexOf(`\n${token}\n`, err);
    if (outEnd < 0 || errEnd < 0) {
      request.reject(
        new OrchError('READ_FAILED', 'the shell that reads the host ended before it had answered', {
          retryable: true,
          details: output.stderr.subarray(err).toString().trim().slice(-2000),
        }),
      );
      continue;
    }
    const statusAt = outEnd + token.length + 2;
    const statusEnd = output.stdout.indexOf('\n', statusAt);
    request.settle({
      code: Number(output.stdout.subarray(statusAt, statusEnd).toString()),
      stdout: output.stdout.subarray(out, outEnd),
      stderr: output.stderr.subarray(err, errEnd).toString(),
      sentAt: output.sentAt,
      answeredAt: output.answeredAt,
    });
    out = statusEnd + 1;
    err = errEnd + token.length + 2;
  }
}
