import { randomBytes } from 'node:crypto';
import { factsRequest, type HostFacts } from './facts.ts';
import { batchScript, groupByTool, settleAll, type Waiting } from './group-by-tool.ts';
import type { Request, RunScript } from './request.ts';

export interface ScriptReader {
  ask<T>(request: Request<T>): Promise<T>;
  /** Read once per connection, with its first read. */
  facts(): Promise<HostFacts>;
}

/** Collects the requests of one tick of the event loop into one script. A random token frames each reply. */
export function scriptReader(run: RunScript, onFacts: (facts: HostFacts) => void = () => {}): ScriptReader {
  let waiting: Waiting[] = [];
  let known: Promise<HostFacts> | undefined;

  const enqueue = <T>(request: Request<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      const settleBy = (answer: () => T): void => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      };
      const { joint } = request;
      waiting.push({
        snippet: request.snippet,
        reject,
        settle: (reply) => settleBy(() => request.parse(reply)),
        ...(joint === undefined
          ? {}
          : {
              joint: {
                ...joint,
                settle: (line: string | undefined) =>
                  settleBy(() => (line === undefined ? joint.absent : joint.parse(line))),
              },
            }),
      });
    });

  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    const token = randomBytes(12).toString('hex');
    const questions = groupByTool(batch);
    run(batchScript(questions, token)).then(
      (output) => settleAll(questions, token, output),
      (error: unknown) => {
        for (const request of batch) request.reject(error);
      },
    );
  };

  const facts = (): Promise<HostFacts> => {
    if (known === undefined) {
      known = enqueue(factsRequest);
      known.then(onFacts, () => {
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
