import { z } from 'zod';
import { isNoResponse } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import { portNumber } from '../core/base/port-number.ts';
import type { Reader } from '../core/host/connection.ts';
import type { Diagnostics } from '../core/play/rolling.ts';
import { defineQuery } from '../core/task/define-query.ts';
import { servingContainer } from './container/serving.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** Ports of the host. Without a process in `container`, the container that publishes one of them is read. */
  published: z.array(portNumber).readonly().default([]),
  /** Requests to repeat now, from the host itself. */
  probes: z
    .array(z.strictObject({ port: portNumber, path: z.string().startsWith('/') }))
    .readonly()
    .default([]),
});

type Params = z.output<typeof params>;

type Probe = Params['probes'][number];

const LOG_LINES = 200;
const ANSWER_MS = 3000;
const BODY_CHARS = 200;

/**
 * Diagnostics of a failed container, as the result of `yield*`. One reading; changes nothing. A missing container is
 * reported as `absent`, a failed probe by its reason.
 *
 * @example const diagnostics = yield* containerEvidence({ container: 'api7-gateway', probes: [{ port: 7085, path:
 *   '/status' }] });
 */
export const containerEvidence = defineQuery<typeof params, Diagnostics>({
  kind: 'containerEvidence',
  params,
  title: (p) => `state of ${p.container}`,
  async look(p, host) {
    const [found, log, probes] = await Promise.all([
      servingContainer(p.container, p.published, host.docker),
      host.docker.logs(p.container, LOG_LINES),
      Promise.all(p.probes.map((probe) => answerTo(probe, host))),
    ]);
    const { Status = 'absent', ExitCode = 0, OOMKilled = false } = found?.State ?? {};
    const restarts = found?.RestartCount ?? 0;
    return { container: p.container, status: Status, exitCode: ExitCode, oomKilled: OOMKilled, restarts, probes, log };
  },
});

async function answerTo({ port, path }: Probe, host: Reader): Promise<string> {
  const asked = `GET :${port}${path}`;
  try {
    const { status, body } = await host.httpGet({ port, path, timeoutMs: ANSWER_MS });
    return `${asked}: ${status} ${firstChars(body, BODY_CHARS)}`.trimEnd();
  } catch (error) {
    if (!isNoResponse(error)) throw error;
    return `${asked}: ${error.message}`;
  }
}
