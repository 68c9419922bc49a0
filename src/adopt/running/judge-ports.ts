import { PORTS } from '../../api7/paths.ts';
import type { Service } from '../../api7/services.ts';
import type { PlainYaml } from '../../tasks/yaml-file/yaml-value.ts';
import { valueAt } from './found-certificates.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { FoundPort } from './running-service.ts';
import type { ServiceMarks } from './service-of.ts';

/** What a port inside the container is for, as the inventory names it; undefined: it has no word for it. */
export function portName(
  service: Service['name'],
  port: Pick<FoundPort, 'container' | 'protocol'>,
  config: PlainYaml | undefined,
): 'http' | 'https' | 'status' | 'stream' | undefined {
  if (streamPorts(config, port.protocol).includes(port.container) && service === 'gateway') return 'stream';
  if (port.protocol === 'udp') return undefined;
  const known: Readonly<Record<string, readonly number[]>> = INSIDE[service];
  return (['http', 'https', 'status'] as const).find((name) => known[name]?.includes(port.container));
}

/** 7080 and 7900 are the vendor's own defaults; 17080 and 17900 those of his page on high availability. */
const INSIDE = {
  dashboard: { http: [PORTS.dashboard.http, 7080], https: [PORTS.dashboard.https] },
  dpManager: { http: [PORTS.dpManager.http, 7900], https: [PORTS.dpManager.https] },
  gateway: { http: [PORTS.gateway.http], https: [PORTS.gateway.https], status: [PORTS.gateway.status] },
} as const;

/** Listeners of stream routes: a port, or a block with `addr`. */
function streamPorts(config: PlainYaml | undefined, protocol: 'tcp' | 'udp'): readonly number[] {
  const listed = valueAt(config, ['apisix', 'stream_proxy', protocol]);
  return (Array.isArray(listed) ? listed : []).map((entry) =>
    Number(typeof entry === 'object' ? valueAt(entry, ['addr']) : entry),
  );
}

/** Published ports without a field in the inventory. */
export function judgePorts(
  name: string,
  { service, words }: ServiceMarks,
  ports: readonly FoundPort[],
  config: PlainYaml | undefined,
): readonly Refusal[] {
  const named = ports.map((port) => ({ port, of: portName(service, port, config) }));
  const unknown = named.filter(({ of, port }) => of === undefined || (of === 'stream' && port.host !== port.container));
  const twice = named.filter(
    ({ port, of }) =>
      of !== undefined && of !== 'stream' && named.some((other) => other.of === of && other.port !== port),
  );
  const text = (some: typeof named): string =>
    some.map(({ port }) => `${port.host}:${port.container}/${port.protocol}`).join(', ');
  return [
    ...(unknown.length === 0
      ? []
      : [
          refusal(
            'PORTS',
            `${name}: it publishes ${text(unknown)}, for which a ${words} has no field in the inventory`,
            `create it again without -p of these ports while its node is drained`,
          ),
        ]),
    ...(twice.length === 0
      ? []
      : [
          refusal(
            'PORTS',
            `${name}: it publishes one port inside on several of its host: ${text(twice)}`,
            'keep one of them, and let balancers use that',
          ),
        ]),
  ];
}
