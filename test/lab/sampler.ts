import type { Lab } from './lab.ts';

export interface Away {
  /** Gateways that were away at some time. */
  readonly ever: readonly string[];
  /** Most gateways away in one sample. */
  readonly mostAtOnce: number;
  readonly samples: number;
}

const GATEWAYS = ['gw-1', 'gw-2', 'gw-3'] as const;
const FILE = '/tmp/gateways-away';

/**
 * Watches the gateways from the balancer's host, outside the product: ten times a second it asks all of them for
 * `/status` at once and notes who does not answer.
 */
export async function samplerOn(lab: Lab): Promise<{ stop(): Promise<Away> }> {
  const ask = GATEWAYS.map(
    (name) =>
      `{ curl -s -o /dev/null -m 1 http://${lab.file.hosts[name].address}:7085/status || printf ' ${name}'; } &`,
  ).join(' ');
  await lab.exec(
    'lb-1',
    `rm -f ${FILE} ${FILE}.stop; setsid sh -c 'while [ ! -e ${FILE}.stop ]; do echo "away:$(${ask.replaceAll("'", '"')} wait)" >> ${FILE}; sleep 0.1; done' >/dev/null 2>&1 </dev/null &`,
  );
  return {
    async stop() {
      const { out } = await lab.exec('lb-1', `touch ${FILE}.stop; sleep 1.5; cat ${FILE}; rm -f ${FILE} ${FILE}.stop`);
      const rows = out.split('\n').filter((line) => line.startsWith('away:'));
      const away = rows.map((line) =>
        line
          .slice('away:'.length)
          .split(' ')
          .filter((name) => name !== ''),
      );
      return {
        ever: [...new Set(away.flat())].sort(),
        mostAtOnce: Math.max(0, ...away.map((names) => names.length)),
        samples: rows.length,
      };
    },
  };
}
