import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import { merge } from '../core/base/merge.ts';
import { nginxTime } from '../core/base/nginx-time.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type {
  Api7Settings,
  ControlPlaneSettings,
  GatewayGroup,
  Inventory,
  InventoryHost,
  LoadBalancerSettings,
  ManagedPool,
  PrometheusSettings,
  ServicePort,
} from '../inventory/inventory.ts';
import { PROMETHEUS_FILES, TLS_FILES } from './control-plane-files.ts';
import { PORTS } from './paths.ts';
import { serviceBehind } from './services.ts';

/** Path to which DP Manager writes in Prometheus. */
export const REMOTE_WRITE_PATH = '/api/v1/write';

type Config = Readonly<Record<string, unknown>>;

/** The common configuration of both control-plane services: listeners, certificate, database. */
function controlPlane(
  { database: { dsn }, prometheus }: Api7Settings,
  { ports, tls }: ControlPlaneSettings,
  morePrometheus: Config = {},
): Config {
  const inside = (name: 'http' | 'https'): number | undefined => ports.find((port) => port.name === name)?.container;
  const https = inside('https');
  const certificate = tls && { cert_file: TLS_FILES.cert, key_file: TLS_FILES.key };
  return {
    server: {
      listen: { host: EVERYWHERE, port: inside('http') },
      ...(https !== undefined && { tls: { disable: false, host: EVERYWHERE, port: https, ...certificate } }),
    },
    database: { dsn },
    ...(prometheus && { prometheus: { ...prometheusConfig(prometheus), ...morePrometheus } }),
  };
}

function prometheusConfig({ addr, basicAuth, tls }: PrometheusSettings): Config {
  if (tls === undefined) return { addr, ...defined({ basic_auth: basicAuth }) };
  const client = tls.client && {
    enable_client_cert: true,
    cert_file: PROMETHEUS_FILES.cert,
    key_file: PROMETHEUS_FILES.key,
  };
  const trust = defined({ server_name: tls.serverName, ca_file: tls.ca && PROMETHEUS_FILES.ca });
  return { addr, ...defined({ basic_auth: basicAuth }), tls: { ...trust, ...client } };
}

/**
 * Defaults that releases of api7-orch added to the control plane's files, oldest first. Existing files are not
 * rewritten for them: that would restart the control plane at each upgrade of api7-orch.
 */
const ADDED: readonly Config[] = [
  // A connection that is never renewed stays with a database server that is no longer primary.
  { database: { max_lifetime: '1h' } },
];

/** Parameters of `yamlFile`: the new content, and contents of earlier releases that are left unchanged. */
export interface WrittenConfig {
  readonly content: Config;
  readonly accepts: readonly Config[];
}

function written(base: Config, own: Config): WrittenConfig {
  const ofRelease = (count: number): Config => merge(ADDED.slice(0, count).reduce(merge, base), own);
  return { content: ofRelease(ADDED.length), accepts: ADDED.map((_, count) => ofRelease(count)) };
}

/** `dashboard-config.yaml` from the vendor's page, merged with the inventory's settings. */
export const dashboardFile = (api7: Api7Settings): WrittenConfig =>
  written(controlPlane(api7, api7.dashboard), api7.dashboard.config);

/** `dp-manager-config.yaml`. */
export const dpManagerFile = (api7: Api7Settings): WrittenConfig =>
  written(controlPlane(api7, api7.dpManager, { remote_write_path: REMOTE_WRITE_PATH }), api7.dpManager.config);

/** The same, for a new file. */
export const dashboardConfig = (api7: Api7Settings): Config => dashboardFile(api7).content;
export const dpManagerConfig = (api7: Api7Settings): Config => dpManagerFile(api7).content;

/** Inside the container a service listens on all addresses; other settings choose the published host addresses. */
const EVERYWHERE = '0.0.0.0';

/** nginx's own default in APISIX, written explicitly so that the stop timeout can be derived from it. */
const WORKER_SHUTDOWN_TIMEOUT = '240s';

/** `gateway_conf/config.yaml` of a gateway group, with the `status` block for health checks. */
export const gatewayConfig = ({ ports, config }: Pick<GatewayGroup, 'ports' | 'config'>): Config =>
  merge(
    {
      apisix: { status: { ip: EVERYWHERE, port: PORTS.gateway.status }, ...streams(ports) },
      nginx_config: { worker_shutdown_timeout: WORKER_SHUTDOWN_TIMEOUT },
    },
    config,
  );

/** Listeners of stream routes, in addition to HTTP. */
function streams(ports: readonly ServicePort[]): Config {
  const of = (protocol: 'tcp' | 'udp'): readonly number[] =>
    ports.filter((port) => port.name === 'stream' && port.protocol === protocol).map(({ container }) => container);
  const [tcp, udp] = [of('tcp'), of('udp')];
  if (tcp.length + udp.length === 0) return {};
  return {
    proxy_mode: 'http&stream',
    stream_proxy: { ...(tcp.length > 0 && { tcp }), ...(udp.length > 0 && { udp }) },
  };
}

/** Time for a gateway's container to end after its workers, in seconds. */
export const STOP_SLACK_SECONDS = 10;

/**
 * Seconds for a gateway to stop: its workers' time to finish requests, and 10 s more, so that Docker never kills
 * requests that nginx would still answer. Workers without a limit (0) get the longest request of the gateways' pools.
 *
 * @throws OrchError CONFIG_INVALID when `nginx_config.worker_shutdown_timeout` is no time in nginx's notation
 */
export function gatewayStopSeconds(inventory: Inventory, host: Pick<InventoryHost, 'name'>): number {
  const nginx = gatewayConfig(gatewayGroupOf(inventory, host.name)).nginx_config;
  const value =
    nginx !== null && typeof nginx === 'object' && 'worker_shutdown_timeout' in nginx
      ? nginx.worker_shutdown_timeout
      : undefined;
  const workersMs = nginxTime(String(value));
  if (workersMs === undefined)
    throw new OrchError(
      'CONFIG_INVALID',
      `api7.config.gateway.nginx_config.worker_shutdown_timeout: "${String(value)}" is not a time of nginx`,
      { hint: 'write for example 240s' },
    );
  return Math.ceil((workersMs === 0 ? longestRequestMs(inventory) : workersMs) / 1000) + STOP_SLACK_SECONDS;
}

const longestRequestMs = (inventory: Inventory): number =>
  Math.max(
    0,
    ...[...inventory.loadBalancers.values()].map((pool) => (isOfGateways(inventory, pool) ? pool.longestRequestMs : 0)),
  );

/** A port outside of API7's may be one of a gateway's own listeners. */
const isOfGateways = (inventory: Inventory, pool: LoadBalancerSettings): pool is LoadBalancerSettings & ManagedPool =>
  pool.driver !== 'none' &&
  pool.members.some((node) => (serviceBehind(inventory, { node, port: pool.port })?.name ?? 'gateway') === 'gateway');
