import { z } from 'zod';
import { addressWithPort } from '../core/base/address-text.ts';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { isNoResponse, OrchError } from '../core/base/errors.ts';
import { firstChars } from '../core/base/excerpt.ts';
import { portNumber } from '../core/base/port-number.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { type Behind, lost, readBehind } from './container/behind.ts';

const params = z.strictObject({
  port: portNumber,
  path: z.string().startsWith('/', { error: 'must begin with "/"' }),
  address: z.string().min(1).default('127.0.0.1'),
  /** The Host header; default: address and port. */
  host: z.string().min(1).optional(),
  /** `any`: any HTTP response is enough. */
  status: z.union([z.int().min(100).max(599), z.literal('any')]).default(200),
  /** Other accepted statuses: 404 if an older version has no such path. */
  orStatus: z.array(z.int().min(100).max(599)).readonly().default([]),
  bodyIncludes: z.string().min(1).optional(),
  /** The container that should respond: when it has ended for good, the wait ends too, and its log is printed. */
  container: z.string().min(1).optional(),
  within: duration.prefault('60s'),
  every: duration.prefault('500ms'),
  passes: z.int().min(1).default(1),
});

type Params = z.output<typeof params>;

interface Reply {
  readonly reachable: boolean;
  readonly status: number | null;
  readonly bodyFits: boolean;
  readonly said: string;
}

/** The last response, and the container behind it as long as the response is not accepted. */
type Answer = Reply & { readonly asked: string; readonly behind: Behind | null };

/** Longest wait for one response: a stuck server must not use up the whole time. */
const ANSWER_MS = 5000;

const url = (p: Params): string => `http://${addressWithPort(p.address, p.port)}${p.path}`;

/**
 * Waits until a GET from the host itself gets an accepted response, `passes` times in a row. Never counts as changed.
 *
 * @throws OrchError NOT_READY with the last response; CONTAINER_EXITED as soon as `container` has ended for good
 * @example yield httpReady({ port: 7085, path: '/status', within: '2m', passes: 3 });
 */
export const httpReady = defineGate<typeof params, Answer>({
  kind: 'httpReady',
  params,
  title: (p) => `httpReady ${url(p)}${p.host === undefined ? '' : ` as ${p.host}`}`,
  patience: (p) => ({ withinMs: p.within, everyMs: p.every, passes: p.passes }),
  async look(p, host) {
    const reply = await ask(p, host);
    const behind = isReady(p, reply) || p.container === undefined ? null : await readBehind(p.container, host);
    return { ...reply, asked: host.name, behind };
  },
  met: isReady,
  cannotRecover: (_p, { behind }) => lost(behind),
  unmet(p, answer) {
    const { asked, said, behind } = answer;
    const details = [said, behind?.log.trimEnd() ?? ''].filter((text) => text !== '').join('\n');
    return new OrchError('NOT_READY', `GET ${url(p)} on ${asked} ${fault(p, answer)} for ${formatDuration(p.within)}`, {
      hint: 'read the log of the service on that port; if it only needs longer, raise "within"',
      details,
    });
  },
});

/** Whether the status is accepted. */
const statusFits = ({ status, orStatus }: Params, { status: found }: Reply): boolean =>
  found !== null && (status === 'any' || status === found || orStatus.includes(found));

function isReady(p: Params, reply: Reply): boolean {
  return reply.reachable && statusFits(p, reply) && reply.bodyFits;
}

async function ask(p: Params, host: Reader): Promise<Reply> {
  try {
    const { address, port, path, host: name } = p;
    const as = name === undefined ? {} : { host: name };
    const reply = await host.httpGet({ address, port, path, ...as, timeoutMs: ANSWER_MS });
    const bodyFits = p.bodyIncludes === undefined || reply.body.includes(p.bodyIncludes);
    return { reachable: true, status: reply.status, bodyFits, said: firstChars(reply.body, 200) };
  } catch (error) {
    if (!isNoResponse(error)) throw error;
    return { reachable: false, status: null, bodyFits: false, said: error.message };
  }
}

function fault(p: Params, answer: Reply): string {
  if (!answer.reachable) return 'got no response';
  if (!statusFits(p, answer)) return `returned ${answer.status} instead of ${p.status}`;
  if (!answer.bodyFits) return `returned ${answer.status} without "${p.bodyIncludes}" in its body`;
  return `returned ${answer.status}, but not ${p.passes} times in a row`;
}
