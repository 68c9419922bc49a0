import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineTask } from '../core/task/define-task.ts';
import { type Behind, lost, readBehind } from './container/behind.ts';

const params = z.strictObject({
  port: z.int().min(1).max(65_535),
  path: z.string().startsWith('/', { error: 'must begin with "/"' }),
  address: z.string().min(1).default('127.0.0.1'),
  /** The Host header; default address and port. */
  host: z.string().min(1).optional(),
  /** `any`: it is enough that somebody answers in HTTP. */
  status: z.union([z.int().min(100).max(599), z.literal('any')]).default(200),
  /** Statuses that do as well: 404 where an older version has no such path. */
  orStatus: z.array(z.int().min(100).max(599)).readonly().default([]),
  bodyIncludes: z.string().min(1).optional(),
  /** The container that is to answer: when it has ended for good, waiting ends too, and its log is shown. */
  container: z.string().min(1).optional(),
  within: duration.prefault('60s'),
  every: duration.prefault('500ms'),
  passes: z.int().min(1).default(1),
});

type Params = z.output<typeof params>;

/** What was answered last. `asked`, `said` and `behind` are for the message: nothing is wanted of them. */
type Answer = {
  readonly reachable: boolean;
  readonly status: number | null;
  readonly bodyFits: boolean;
  readonly asked: string;
  readonly said: string;
  readonly behind: Behind | null;
};

/** Longest wait for one answer: a server that is stuck must not use up the whole patience. */
const ANSWER_MS = 5000;

const url = (p: Params): string =>
  `http://${p.address.includes(':') ? `[${p.address}]` : p.address}:${p.port}${p.path}`;

/**
 * Waits until a GET from the host itself is answered as it must be, `passes` times in a row. Never counts as changed.
 *
 * @throws OrchError NOT_READY with what was answered last; CONTAINER_EXITED as soon as `container` has ended for good
 * @example yield httpReady({ port: 7085, path: '/status', within: '2m', passes: 3 });
 */
export const httpReady = defineTask<typeof params, void, Answer, void>({
  kind: 'httpReady',
  params,
  impact: 'none',
  claim: (p) => `gate:${url(p)}`,
  title: (p) => `httpReady ${url(p)}${p.host === undefined ? '' : ` as ${p.host}`}`,
  patience: (p) => ({ withinMs: p.within, everyMs: p.every, passes: p.passes }),
  async read(p, host) {
    const answer = await ask(p, host);
    const ready = answer.reachable && answer.status === wantedStatus(p, answer) && answer.bodyFits;
    const behind = ready || p.container === undefined ? null : await readBehind(p.container, host);
    return { ...answer, asked: host.name, behind };
  },
  want: (p, now) => ({
    asked: '',
    said: '',
    behind: null,
    ...now,
    reachable: true,
    status: wantedStatus(p, now),
    bodyFits: true,
  }),
  cannotRecover: (_p, answer) => (answer === null || answer.behind === null ? undefined : lost(answer.behind)),
  unmet: (p, answer) => {
    const where = answer === null ? '' : ` on ${answer.asked}`;
    const details = [answer?.said ?? '', answer?.behind?.log.trimEnd() ?? ''].filter((text) => text !== '').join('\n');
    return new OrchError('NOT_READY', `GET ${url(p)}${where} ${fault(p, answer)} for ${formatDuration(p.within)}`, {
      hint: 'look at the log of what listens there; if it only needs longer, raise "within"',
      ...(details === '' ? {} : { details }),
    });
  },
});

/** What it must be; the status that was answered, where that will do. */
function wantedStatus({ status, orStatus }: Params, now: Pick<Answer, 'status'> | null): number {
  const found = now?.status ?? null;
  if (found !== null && (status === 'any' || orStatus.includes(found))) return found;
  return status === 'any' ? 200 : status;
}

async function ask(p: Params, host: Reader): Promise<Omit<Answer, 'asked' | 'behind'>> {
  try {
    const { address, port, path, host: name } = p;
    const as = name === undefined ? {} : { host: name };
    const reply = await host.httpGet({ address, port, path, ...as, timeoutMs: ANSWER_MS });
    const bodyFits = p.bodyIncludes === undefined || reply.body.includes(p.bodyIncludes);
    return { reachable: true, status: reply.status, bodyFits, said: reply.body.trim().slice(0, 200) };
  } catch (error) {
    if (!(error instanceof OrchError) || (error.code !== 'HTTP_UNREACHABLE' && error.code !== 'TIMED_OUT')) throw error;
    return { reachable: false, status: null, bodyFits: false, said: error.message };
  }
}

function fault(p: Params, answer: Answer | null): string {
  if (answer === null || !answer.reachable) return 'got no answer';
  if (answer.status !== wantedStatus(p, answer)) return `answered ${answer.status} instead of ${p.status}`;
  if (!answer.bodyFits) return `answered ${answer.status} without "${p.bodyIncludes}" in its body`;
  return `answered ${answer.status}, but not ${p.passes} times in a row`;
}
