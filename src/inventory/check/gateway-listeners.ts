import { PORTS } from '../ports.ts';
import type { Path, Problem } from '../problem.ts';
import { fieldsOf, isBlock, valueIn } from './loose.ts';
import { EVERYWHERE, elsewhere, mustBe, problemAt } from './must-be.ts';

type Fields = ReadonlyMap<string, unknown>;

const INSIDE: readonly number[] = Object.values(PORTS.gateway);

/** The gateways' ports in the inventory. */
interface Expected {
  /** Host port of HTTPS. */
  readonly httpsPort: number;
  readonly streams: { readonly tcp: readonly number[]; readonly udp: readonly number[] };
  /** Ports of all pools. */
  readonly pools: readonly number[];
}

interface Listener {
  readonly path: Path;
  readonly portPath: Path;
  readonly port: unknown;
  /** Undefined: all. */
  readonly ip: unknown;
}

/** Settings of other gateway listeners that could take a published port, with their defaults. */
const OTHERS: readonly Path[] = [
  ['apisix', 'control', 'port'],
  ['plugin_attr', 'prometheus', 'export_addr', 'port'],
  ['deployment', 'admin', 'admin_listen', 'port'],
];

/**
 * Checks all listeners of the gateway, in every form that its image accepts. Requests on other than the published ports
 * reach no gateway; without this check that would show only after a node was drained and replaced.
 */
export function gatewayListeners(
  at: Path,
  config: Fields,
  { httpsPort, streams, pools }: Expected,
): readonly Problem[] {
  const apisixPath = [...at, 'apisix'];
  const apisix = fieldsOf(config.get('apisix'));
  const ssl = fieldsOf(apisix.get('ssl'));
  const http = listenersOf(apisix.get('node_listen'), [...apisixPath, 'node_listen'], PORTS.gateway.http);
  const https = listenersOf(ssl.get('listen'), [...apisixPath, 'ssl', 'listen'], PORTS.gateway.https);
  const isTlsOff = ssl.get('enable') === false || https?.length === 0;
  const status = { port: PORTS.gateway.status, address: 'ip', bind: 'status' } as const;
  return [
    ...mustBe(fieldsOf(apisix.get('status')), [...apisixPath, 'status'], status),
    ...published(http, [...apisixPath, 'node_listen'], { port: PORTS.gateway.http, bind: 'http' }),
    ...published(isTlsOff ? undefined : https, [...apisixPath, 'ssl', 'listen'], {
      port: PORTS.gateway.https,
      bind: 'https',
    }),
    ...overQuic(apisix.get('node_listen'), [...apisixPath, 'node_listen']),
    ...overQuic(ssl.get('listen'), [...apisixPath, 'ssl', 'listen']),
    ...(isTlsOff && pools.includes(httpsPort)
      ? [problemAt([...apisixPath, 'ssl'], `leaves gateways without TLS, but a pool balances port ${httpsPort}`)]
      : []),
    ...withoutHttp(apisixPath, apisix),
    ...streamListeners([...apisixPath, 'stream_proxy'], fieldsOf(apisix.get('stream_proxy')), streams),
    ...proxyProtocol(apisixPath, fieldsOf(apisix.get('proxy_protocol'))),
    ...taken(at, config, [...INSIDE, ...streams.tcp]),
  ];
}

/** A number, or a list of numbers and of blocks with `port` and `ip`. Undefined if not given. */
function listenersOf(value: unknown, path: Path, byDefault: number): readonly Listener[] | undefined {
  if (value === undefined || value === null) return undefined;
  const single = (port: unknown, at: Path): Listener => ({ path: at, portPath: at, port, ip: undefined });
  if (!Array.isArray(value)) return [single(value, path)];
  return value.map((item, index) => {
    const at = [...path, index];
    if (!isBlock(item)) return single(item, at);
    const fields = fieldsOf(item);
    return { path: at, portPath: [...at, 'port'], port: fields.get('port') ?? byDefault, ip: fields.get('ip') };
  });
}

const isInside = (ip: unknown): boolean => typeof ip === 'string' && /^(?:127\.|::1$|\[::1\]$|localhost$)/.test(ip);

function published(
  listeners: readonly Listener[] | undefined,
  path: Path,
  { port, bind }: { readonly port: number; readonly bind: string },
): readonly Problem[] {
  if (listeners === undefined) return [];
  const here = listeners.filter((one) => one.port === port);
  const isEverywhere = here.some(({ ip }) => ip === undefined || ip === EVERYWHERE);
  const missing = isEverywhere ? [] : here.map((one) => problemAt([...one.path, 'ip'], elsewhere(bind))).slice(0, 1);
  const extra = listeners
    .filter((one) => one.port !== port && !isInside(one.ip))
    .map((one) =>
      problemAt(one.portPath, typeof one.port === 'number' ? unpublished(one.port, port) : 'expected a number'),
    );
  if (here.length === 0 && extra.length === 0)
    return [problemAt(path, `must contain port ${port}: it is published, checked and balanced`)];
  return [...missing, ...extra];
}

const unpublished = (port: number, wanted: number): string =>
  `port ${port} is not published on the host: gateways serve on ${wanted}; let a load balancer listen on other ports`;

function overQuic(value: unknown, path: Path): readonly Problem[] {
  return (Array.isArray(value) ? value : []).flatMap((item, index) =>
    fieldsOf(item).get('enable_http3') === true
      ? [problemAt([...path, index, 'enable_http3'], 'HTTP/3 needs a UDP port, and none is published on the host')]
      : [],
  );
}

function withoutHttp(apisixPath: Path, apisix: Fields): readonly Problem[] {
  const message = 'leaves gateways without HTTP; remove the setting';
  const only = fieldsOf(apisix.get('stream_proxy')).get('only') === true;
  return [
    ...(apisix.get('proxy_mode') === 'stream' ? [problemAt([...apisixPath, 'proxy_mode'], message)] : []),
    ...(only ? [problemAt([...apisixPath, 'stream_proxy', 'only'], message)] : []),
  ];
}

/**
 * Entries are a port, `address:port`, or a block with `addr`. Entries that the inventory publishes are fine in any
 * form.
 */
function streamListeners(path: Path, stream: Fields, published: Expected['streams']): readonly Problem[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const entries = stream.get(protocol);
    if (!Array.isArray(entries)) return [];
    const addresses = entries.map((item: unknown): unknown => (isBlock(item) ? fieldsOf(item).get('addr') : item));
    const missing = published[protocol].filter((port) => !addresses.some((address) => portOf(address) === port));
    return [
      ...addresses.flatMap((address, index) =>
        isInside(address) || published[protocol].includes(portOf(address))
          ? []
          : [problemAt([...path, protocol, index], NOT_A_STREAM(protocol))],
      ),
      ...missing.map((port) => problemAt([...path, protocol], `must contain ${port}: ports.${protocol} publishes it`)),
    ];
  });
}

const portOf = (address: unknown): number => Number(/(\d+)$/.exec(String(address))?.[1]);

const NOT_A_STREAM = (protocol: 'tcp' | 'udp'): string =>
  `this listener is not published on the host; list its port under ports.${protocol} of the gateways instead`;

const NOT_PUBLISHED = 'this listener is not published on the host, so no client reaches it; remove it';

function proxyProtocol(apisixPath: Path, fields: Fields): readonly Problem[] {
  return ['listen_http_port', 'listen_https_port'].flatMap((key) =>
    fields.has(key) ? [problemAt([...apisixPath, 'proxy_protocol', key], NOT_PUBLISHED)] : [],
  );
}

function taken(at: Path, config: Fields, ports: readonly unknown[]): readonly Problem[] {
  return OTHERS.flatMap((path) => {
    const port = valueIn(config, path);
    return ports.includes(port)
      ? [problemAt([...at, ...path], `port ${String(port)} is one that gateways serve on`)]
      : [];
  });
}
