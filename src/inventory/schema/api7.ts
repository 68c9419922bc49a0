import { PORTS } from '../ports.ts';
import { containerSettings, REFUSED_SETTINGS } from './container-settings.ts';
import { database } from './database.ts';
import { DEFAULTS } from './defaults.ts';
import { block, free, integer, otherwise, port, secret, text } from './fields.ts';
import { imageCheck, pemCheck, registryCheck, sha256Check, versionCheck } from './formats.ts';
import { bound, gateway, gatewayBind } from './gateway.ts';
import { prometheus } from './prometheus.ts';
import { registries } from './registries.ts';

const archives = block(
  {
    control_plane: text('Archive for control-plane hosts; relative to the inventory file.'),
    data_plane: text('Archive for data-plane hosts; relative to the inventory file.'),
    sha256: block(
      {
        control_plane: text('Digest of the archive for control-plane hosts.', sha256Check).optional(),
        data_plane: text('Digest of the archive for data-plane hosts.', sha256Check).optional(),
      },
      'What `sha256sum` prints for the archives, compared before anything is connected to.',
    ).optional(),
  },
  'Offline packages to copy to the hosts. Excludes `registry`.',
);

const images = block(
  {
    dashboard: text('Image of the dashboard.', imageCheck).optional(),
    dp_manager: text('Image of DP Manager.', imageCheck).optional(),
    gateway: text('Image of the gateway.', imageCheck).optional(),
  },
  'Full image references in place of the names and tags that follow from `version`.',
);

/** A service of the control plane. */
const service = (key: 'dashboard' | 'dp_manager', what: string) => {
  const { http, https } = key === 'dashboard' ? PORTS.dashboard : PORTS.dpManager;
  return block(
    {
      ports: block(
        {
          http: otherwise(port(`Port of the host that leads to ${what} over HTTP, ${http} in the container.`), http),
          https: otherwise(
            port(`Port of the host that leads to ${what} over TLS, ${https} in the container.`),
            'not published',
          ),
        },
        'Ports of the hosts on which it serves. Pools name these.',
      ).optional(),
      tls: block(
        {
          cert: text('Its certificate and those of its issuers, PEM.', pemCheck('CERTIFICATE')),
          key: secret('Private key of that certificate, PEM.', pemCheck('PRIVATE KEY')),
        },
        'A certificate of your own, in place of the one that it brings with it.',
      ).optional(),
      ...containerSettings(key),
    },
    `Settings of ${what}.`,
    REFUSED_SETTINGS,
  );
};

const bind = block(
  {
    ...gatewayBind,
    dashboard: bound('the HTTP port of the dashboard', DEFAULTS.bindInside),
    dashboard_https: bound('the TLS port of the dashboard', DEFAULTS.bindInside),
    dp_manager: bound('the HTTP port of DP Manager', DEFAULTS.bindInside),
    dp_manager_https: bound('the TLS port of DP Manager', DEFAULTS.bindInside),
  },
  'Where each port listens on its host. Ports that Docker publishes bypass ufw and firewalld.',
);

const config = block(
  {
    dashboard: free('Merged into `dashboard-config.yaml`.').optional(),
    dp_manager: free('Merged into `dp-manager-config.yaml`.').optional(),
    gateway: free('Merged into `gateway_conf/config.yaml`.').optional(),
  },
  'Settings of API7 itself, deep-merged into the files that api7-orch writes; yours win.',
);

export const api7 = block(
  {
    version: text('Version to run, in quotes, without "v": `"3.10.5"`.', versionCheck),
    package: archives.optional(),
    registry: otherwise(
      text('Registry that hosts pull from, `host[:port][/path]`. Excludes `package`.', registryCheck),
      'docker.io, when there is no package either',
    ),
    registries: registries.optional(),
    pulls: otherwise(integer('Image pulls at once, on all hosts together.', 1, 1000), DEFAULTS.pulls),
    images: images.optional(),
    database,
    prometheus: prometheus.optional(),
    dashboard: service('dashboard', 'the dashboard').optional(),
    dp_manager: service('dp_manager', 'DP Manager').optional(),
    gateway: gateway.optional(),
    bind: bind.optional(),
    config: config.optional(),
    nofile: otherwise(
      integer('Open files allowed in each container (ulimit `nofile`).', 1024, 2_147_483_584),
      DEFAULTS.nofile,
    ),
  },
  'What to run.',
);
