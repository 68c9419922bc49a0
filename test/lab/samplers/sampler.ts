import type { Lab } from '../lab.ts';
import { hostsOf } from '../plan/lab-file.ts';
import type { HostName } from '../plan/topology.ts';

export interface Away {
  /** Gateways without a response at some time. */
  readonly ever: readonly string[];
  /** Most gateways without a response in one sample. */
  readonly mostAtOnce: number;
  readonly samples: number;
}

/** As a balancer shows it of one backend. */
export interface OutOfService extends Away {
  readonly balancer: HostName;
  readonly backend: string;
  /** The servers in the sample with most of them out of service. */
  readonly worst: readonly string[];
  /** Samples without a response of the balancer. */
  readonly unanswered: number;
  /** The longest time between two responses, milliseconds. */
  readonly longestGapMs: number;
}

const FILE = '/tmp/gateways-away';

/**
 * Samples the gateways from the balancer's host, outside the product: ten times a second it requests `/status` from all of them
 * at once and records those without a response.
 */
export async function samplerOn(lab: Lab): Promise<{ stop(): Promise<Away> }> {
  // One process requests all gateways: starting one for each takes more time than the responses.
  const gateways = hostsOf(lab.file, 'data_plane');
  const asks = gateways.map((name) => `-o /dev/null http://${lab.host(name).address}:7085/status`).join(' ');
  await lab.exec(
    'lb-1',
    `rm -f ${FILE} ${FILE}.stop; setsid sh -c 'while [ ! -e ${FILE}.stop ]; do curl -s -Z --no-progress-meter -m 1 -w "%{exitcode} %{url}," ${asks}; echo; sleep 0.1; done >> ${FILE}' >/dev/null 2>&1 </dev/null &`,
  );
  return {
    async stop() {
      const { out } = await lab.exec('lb-1', `touch ${FILE}.stop; sleep 1.5; cat ${FILE}; rm -f ${FILE} ${FILE}.stop`);
      const rows = out.split('\n').filter((line) => line.endsWith(','));
      const failed = (line: string, name: HostName) =>
        line.split(',').some((one) => !one.startsWith('0 ') && one.includes(`//${lab.host(name).address}:`));
      return summary(rows.map((line) => gateways.filter((name) => failed(line, name))));
    },
  };
}

/**
 * Reads the admin sockets of HAProxy, on the balancers' own hosts and outside the product, ten times a second, and records the
 * servers that are not in service. Its result has a row for each balancer and backend.
 * @example const sampler = await balancerSampler(lab); … (await sampler.stop())[0]?.mostAtOnce
 */
export async function balancerSampler(
  lab: Lab,
  backends: readonly string[] = ['gateways', 'gateways_tcp'],
): Promise<{ stop(): Promise<readonly OutOfService[]> }> {
  const balancers = hostsOf(lab.file, 'load_balancer');
  const file = '/run/lab/sample';
  const files = `${file} ${file}.err ${file}.stop`;
  const start = `rm -f ${files}; setsid sample-balancer ${file} ${backends.join(' ')} >/dev/null 2>${file}.err </dev/null &`;
  await Promise.all(balancers.map((name) => lab.exec(name, start)));
  return {
    async stop() {
      const script = `touch ${file}.stop; sleep 0.3; cat ${file} ${file}.err; rm -f ${files}`;
      const all = await Promise.all(
        balancers.map(async (name) => {
          const samples = samplesOf((await lab.exec(name, script)).out);
          return backends.map((backend) => seen(name, backend, samples));
        }),
      );
      return all.flat();
    },
  };
}

interface Sample {
  readonly at: number;
  readonly backend: string;
  readonly away: readonly string[];
}

function samplesOf(text: string): readonly Sample[] {
  const rows = text
    .trim()
    .split('\n')
    .map((line): Sample => {
      const [at, backend = '', ...away] = words(line);
      return { at: Number(at), backend, away };
    });
  if (rows.some(({ at }) => !(at > 0))) throw new Error(`the sampler printed: ${text.slice(-500)}`);
  return rows;
}

function seen(balancer: HostName, backend: string, all: readonly Sample[]): OutOfService {
  const rows = all.filter((sample) => sample.backend === backend);
  const answered = rows.filter(({ away }) => !away.includes('?'));
  const gaps = answered.map(({ at }, index) => at - (answered[index - 1]?.at ?? at));
  const worst = answered.reduce<readonly string[]>((most, { away }) => (away.length > most.length ? away : most), []);
  return {
    ...summary(answered.map(({ away }) => away)),
    balancer,
    backend,
    worst,
    unanswered: rows.length - answered.length,
    longestGapMs: Math.round(Math.max(0, ...gaps) * 1000),
  };
}

function summary(samples: readonly (readonly string[])[]): Away {
  return {
    ever: [...new Set(samples.flat())].sort(),
    mostAtOnce: Math.max(0, ...samples.map((names) => names.length)),
    samples: samples.length,
  };
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}
