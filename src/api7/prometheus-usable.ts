import { z } from 'zod';
import { isNoResponse, OrchError } from '../core/base/errors.ts';
import type { HttpLogin, HttpRequest, HttpTls, Reader } from '../core/host/connection.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Api7Settings } from '../inventory/inventory.ts';
import { dashboardConfig, dpManagerConfig, REMOTE_WRITE_PATH } from './config.ts';

const params = z.strictObject({
  /** `http://10.0.4.1:9090`. */
  addr: z.url(),
  login: z.custom<HttpLogin>().optional(),
  tls: z.custom<HttpTls>().optional(),
  /** The dashboard's query, and DP Manager's write path. */
  query: z.string().startsWith('/'),
  write: z.string().startsWith('/'),
});

type Params = z.output<typeof params>;

/** A status, or the reason why there is none. */
type Answer = number | { readonly why: string } | 'notAsked';

interface Answers {
  readonly query: Answer;
  readonly write: Answer;
}

const ANSWER_MS = 5000;

/**
 * A receiver refuses a write without a body: 400, or 415 for a body without a type. Some accept it as an empty write.
 */
const TAKES_WRITES = [200, 204, 400, 415];

/**
 * Gate, one reading: Prometheus answers the dashboard's queries and accepts DP Manager's writes, seen from this host.
 *
 * @throws OrchError PROMETHEUS_UNUSABLE
 * @example yield prometheusUsable({ addr: 'http://10.0.4.1:9090', query: '/api/v1/query?query=1', write:
 *   '/api/v1/write' });
 */
export const prometheusUsable = defineGate<typeof params, Answers>({
  kind: 'prometheusUsable',
  params,
  title: ({ addr }) => `Prometheus at ${addr} answers queries and takes writes`,
  async look(p, host) {
    const [query, write] = await Promise.all([
      answerOf(host, 'httpGet', requestOf(p, p.query)),
      answerOf(host, 'httpPost', requestOf(p, p.write)),
    ]);
    return { query, write };
  },
  met: (p, answers) => problemOf(p, answers) === undefined,
  unmet(p, answers) {
    const { message, hint } = problemOf(p, answers) ?? { message: 'Prometheus is usable', hint: '' };
    return new OrchError('PROMETHEUS_UNUSABLE', message, { hint });
  },
});

/** The gate for the Prometheus of an inventory that has one. */
export function prometheusGate(api7: Api7Settings & Required<Pick<Api7Settings, 'prometheus'>>) {
  const { addr, basicAuth, tls } = api7.prometheus;
  const prefix = ownText(dashboardConfig(api7), 'query_path_prefix') ?? '';
  return prometheusUsable({
    addr,
    ...(basicAuth && { login: basicAuth }),
    // An https address means TLS without any other setting.
    ...((tls !== undefined || addr.startsWith('https:')) && { tls: tls ?? {} }),
    query: `${prefix.replace(/\/$/, '')}/api/v1/query?query=1`,
    write: ownText(dpManagerConfig(api7), 'remote_write_path') ?? REMOTE_WRITE_PATH,
  });
}

/** A setting that the inventory may override. */
function ownText({ prometheus }: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value: unknown =
    prometheus !== null && typeof prometheus === 'object' ? Reflect.get(prometheus, key) : undefined;
  return typeof value === 'string' && value.startsWith('/') ? value : undefined;
}

function requestOf({ addr, login, tls }: Params, path: string): HttpRequest {
  const { protocol, hostname, port, host } = new URL(addr);
  return {
    address: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
    host,
    path,
    timeoutMs: ANSWER_MS,
    ...(login && { login }),
    ...(tls && { tls }),
  };
}

async function answerOf(host: Reader, how: 'httpGet' | 'httpPost', request: HttpRequest): Promise<Answer> {
  try {
    return (await host[how](request)).status;
  } catch (error) {
    // A host that cannot send requests gives no result about Prometheus.
    if (error instanceof OrchError && error.code === 'FORWARDING_REFUSED') return 'notAsked';
    if (!isNoResponse(error)) throw error;
    return { why: error.message };
  }
}

interface Problem {
  readonly message: string;
  readonly hint: string;
}

function problemOf({ addr, login, query, write }: Params, answers: Answers): Problem | undefined {
  if (answers.query === 'notAsked' || answers.write === 'notAsked') return undefined;
  const silent = [answers.query, answers.write].find((answer) => typeof answer !== 'number');
  if (typeof silent === 'object')
    return {
      message: silent.why,
      hint: 'start Prometheus, or correct addr and tls of api7.prometheus; this host and its containers must reach it',
    };
  if ([answers.query, answers.write].some((status) => status === 401 || status === 403))
    return {
      message: `Prometheus at ${addr} ${login === undefined ? 'requires a login' : 'refuses the login'}`,
      hint: 'correct username and password of api7.prometheus.basic_auth',
    };
  if (answers.query !== 200)
    return {
      message: `Prometheus at ${addr} does not answer queries: GET ${query} returned ${answers.query}`,
      hint: 'wait until Prometheus is ready; for one below a path set api7.config.dashboard.prometheus.query_path_prefix',
    };
  if (answers.write === 404)
    return {
      message: `Prometheus at ${addr} takes no writes: POST ${write} returned 404`,
      hint: 'start Prometheus with --web.enable-remote-write-receiver',
    };
  if (typeof answers.write === 'number' && TAKES_WRITES.includes(answers.write)) return undefined;
  return {
    message: `Prometheus at ${addr} takes no writes: POST ${write} returned ${answers.write}`,
    hint: 'read the log of Prometheus',
  };
}
