import { PORTS } from '../../api7/paths.ts';
import { SERVICE_FIELDS } from '../../api7/services.ts';
import { Secret } from '../../core/base/secret.ts';
import { valueAt } from '../running/found-certificates.ts';
import { refusal } from '../running/refusal.ts';
import { commonOf } from './common.ts';
import { configBlock } from './config-block.ts';
import { type Block, containerBlock, filled } from './container-block.ts';
import type { LateRefusal, ServiceOn } from './described.ts';
import { portsBlock } from './ports-block.ts';

/** What both services of the control plane add to `api7`. */
export interface ControlPlane {
  readonly block: Block;
  readonly bind: Block;
  readonly config: Block;
  readonly refusals: readonly LateRefusal[];
  readonly notes: readonly string[];
}

/** The dashboard and DP Manager as the blocks `api7.dashboard`, `api7.dp_manager`, `api7.database`, `api7.config` and `api7.bind`. */
export function controlPlane(services: readonly ServiceOn[]): ControlPlane {
  const [dashboard, dpManager] = (['dashboard', 'dpManager'] as const).map((name) =>
    oneService(
      name,
      services.filter(({ found }) => found.service === name),
    ),
  );
  const dsn = dashboard?.dsn ?? dpManager?.dsn;
  const own =
    dpManager?.dsn !== undefined && dpManager.dsn !== dsn ? { database: { dsn: Secret.of(dpManager.dsn) } } : {};
  const parts = [dashboard, dpManager].filter((part) => part !== undefined);
  return {
    block: {
      database: { dsn: dsn === undefined ? undefined : Secret.of(dsn) },
      ...(dashboard && { dashboard: filled(dashboard.container) }),
      ...(dpManager && { dp_manager: filled(dpManager.container) }),
    },
    bind: Object.assign({}, ...parts.map(({ bind }) => bind)),
    config: {
      dashboard: dashboard?.config,
      dp_manager: dpManager && withOwn(dpManager.config, own),
    },
    refusals: parts.flatMap(({ refusals }) => refusals),
    notes: dsn === undefined ? ['no service of the control plane was read: set api7.database yourself'] : [],
  };
}

const withOwn = (config: Block, own: Block): Block => {
  const { database = {} } = config;
  return 'database' in own ? { ...config, database: { ...(database as Block), ...(own.database as Block) } } : config;
};

interface OneService {
  readonly dsn: string | undefined;
  readonly container: Block;
  readonly bind: Block;
  readonly config: Block;
  readonly refusals: readonly LateRefusal[];
}

/** Settings with another place in the inventory, or that api7-orch has in every file. */
const ASIDE = ['database.dsn', 'database.max_lifetime', 'server.listen.port'];

function oneService(name: 'dashboard' | 'dpManager', services: readonly ServiceOn[]): OneService | undefined {
  const each = services.map(({ host, address, found }) => {
    const { settings, config } = found;
    const { ports, bind } = portsBlock(name, settings.ports, config.content, address);
    const dsn = valueAt(config.content, ['database', 'dsn']);
    const { config: own, lacks } = configBlock(config.content, baseOf(name, 'https' in ports), ASIDE);
    return {
      host,
      // TLS is on by default.
      lacks: config.content === undefined ? [] : lacks.filter((path) => !path.startsWith('server.tls')),
      value: {
        dsn: typeof dsn === 'string' ? Secret.containing(dsn) : null,
        container: { ...(Object.keys(ports).length > 0 && { ports }), ...containerBlock(settings, []) },
        bind,
        config: own,
      },
    };
  });
  const common = commonOf(each);
  if (common === undefined) return undefined;
  const { dsn, container, bind, config } = common.value;
  return {
    dsn: dsn?.reveal(),
    container,
    bind,
    config,
    refusals: [
      ...common.others.map(
        ({ host, paths }): LateRefusal => ({
          host,
          service: name,
          refusal: refusal(
            'HOSTS_DIFFER',
            `${SERVICE_FIELDS[name]}: it differs from the other hosts in ${paths.join(', ')}`,
            'make both alike: the inventory has one configuration for all hosts of the control plane',
          ),
        }),
      ),
      ...each.flatMap(({ host, lacks }): LateRefusal[] =>
        lacks.length === 0
          ? []
          : [
              {
                host,
                service: name,
                refusal: refusal(
                  'CONFIG_DIFFERS',
                  `${SERVICE_FIELDS[name]}: its configuration lacks ${lacks.join(', ')}, which api7-orch writes`,
                  'add it with the value that is in force, restart the container while it is drained, then run this again',
                ),
              },
            ],
      ),
    ],
  };
}

/** What api7-orch writes for a service whatever the inventory contains. */
function baseOf(name: 'dashboard' | 'dpManager', https: boolean): Block {
  const inside = PORTS[name];
  const host = '0.0.0.0';
  return {
    server: {
      listen: { host, port: inside.http },
      ...(https && { tls: { disable: false, host, port: inside.https } }),
    },
  };
}
