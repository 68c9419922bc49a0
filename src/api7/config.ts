import { OrchError } from '../core/base/errors.ts';
import { nginxTime } from '../core/base/nginx-time.ts';
import type { Api7Settings, Inventory } from '../inventory/inventory.ts';
import { merge } from './merge.ts';
import { PORTS } from './paths.ts';
import { GATEWAY, serviceAt } from './services.ts';

type Config = Readonly<Record<string, unknown>>;

const listening = (api7: Api7Settings, port: number): Config => ({
  server: { listen: { host: '0.0.0.0', port } },
  database: { dsn: api7.database.dsn },
});

/** `dashboard-config.yaml` as the vendor's page has it, with the inventory's own settings laid over. */
export const dashboardConfig = (api7: Api7Settings): Config =>
  merge(listening(api7, PORTS.dashboard), api7.config.dashboard);

/** `dp-manager-config.yaml`. */
export const dpManagerConfig = (api7: Api7Settings): Config =>
  merge(listening(api7, PORTS.dpManager), api7.config.dpManager);

/** nginx's own default in APISIX, written down so that the stop time-out can be derived from it. */
const WORKER_SHUTDOWN_TIMEOUT = '240s';

/** `gateway_conf/config.yaml`, with the `status` block that health checks ask. */
export const gatewayConfig = (api7: Api7Settings): Config =>
  merge(
    {
      apisix: { status: { ip: '0.0.0.0', port: PORTS.status } },
      nginx_config: { worker_shutdown_timeout: WORKER_SHUTDOWN_TIMEOUT },
    },
    api7.config.gateway,
  );

/** What a gateway's container gets to end on top of what its workers may take, seconds. */
export const STOP_SLACK_SECONDS = 10;

/**
 * Seconds that a gateway gets to stop: what its workers may take to finish requests, and 10 s on top, so that Docker
 * never cuts one off that nginx would still have answered. Workers without a limit (0) get the longest request of the gateways' pools.
 *
 * @throws OrchError CONFIG_INVALID when `nginx_config.worker_shutdown_timeout` is not a time as nginx reads it
 */
export function gatewayStopSeconds({ api7, loadBalancers }: Pick<Inventory, 'api7' | 'loadBalancers'>): number {
  const nginx = gatewayConfig(api7).nginx_config;
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
  return Math.ceil((workersMs === 0 ? longestRequestMs(loadBalancers) : workersMs) / 1000) + STOP_SLACK_SECONDS;
}

const longestRequestMs = (loadBalancers: Inventory['loadBalancers']): number =>
  Math.max(
    0,
    ...[...loadBalancers.values()].map((pool) =>
      // A port that is none of API7's may be one of a gateway's own listeners.
      pool.driver === 'none' || (serviceAt(pool.port) ?? GATEWAY) !== GATEWAY ? 0 : pool.longestRequestMs,
    ),
  );
