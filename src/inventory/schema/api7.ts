import { placeholderWord } from '../placeholder.ts';
import { DEFAULTS } from './defaults.ts';
import { dsnCheck, encodable } from './dsn.ts';
import { block, choice, free, integer, list, named, otherwise, port, secret, taggedSecret, text } from './fields.ts';
import {
  addressCheck,
  bindCheck,
  endpointCheck,
  hostHeaderCheck,
  imageCheck,
  pemCheck,
  registryCheck,
  requestPathCheck,
  sha256Check,
  versionCheck,
} from './formats.ts';

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

const database = block(
  {
    dsn: secret('Connection URI of PostgreSQL. Excludes all the other fields.', dsnCheck).optional(),
    host: text('Host of PostgreSQL, as the control-plane hosts reach it.', addressCheck).optional(),
    port: otherwise(port('Port of PostgreSQL.'), DEFAULTS.databasePort),
    name: otherwise(text('Name of the database.', encodable), DEFAULTS.databaseName),
    user: text('User of the database.', encodable).optional(),
    password: secret('Password of that user, any characters.', encodable).optional(),
    sslmode: otherwise(
      choice('TLS towards the database, as libpq names it.', [
        'disable',
        'allow',
        'prefer',
        'require',
        'verify-ca',
        'verify-full',
      ]),
      "the client's own",
    ),
  },
  'PostgreSQL of the control plane: either `dsn`, or `host`, `user` and `password`.',
);

const probe = block(
  {
    path: text('Path of the request to port 9080 of the gateway.', requestPathCheck),
    host: text('Host header of the request.', hostHeaderCheck),
    status: otherwise(integer('Status that the response must have.', 100, 599), DEFAULTS.probeStatus),
  },
  'A request that each gateway must answer as expected before balancers send it traffic again.',
);

const gateway = block(
  {
    endpoints: list(
      'Where gateways reach DP Manager; best one address, that of the load balancer.',
      text('URL without a path.', endpointCheck),
    ),
    group: otherwise(text('Short id of the gateway group to join.'), DEFAULTS.gatewayGroup),
    token: secret('Token of the gateway group. Excludes `cert`, `key`, `ca` and `sni`.', placeholderWord).optional(),
    cert: text('Client certificate, PEM.', pemCheck('CERTIFICATE')).optional(),
    key: secret('Private key of that certificate, PEM.', pemCheck('PRIVATE KEY')).optional(),
    ca: text('Certificate authority of DP Manager, PEM.', pemCheck('CERTIFICATE')).optional(),
    sni: otherwise(text('Server name to expect in the certificate of DP Manager.'), DEFAULTS.gatewaySni),
    probe: probe.optional(),
  },
  'How gateways join the control plane: either `token`, or `cert`, `key` and `ca`.',
);

const address = text('IP address, or `{address}` for the address of the host itself.', bindCheck);
const bound = (what: string, byDefault: readonly string[]) =>
  otherwise(list(`Addresses to publish ${what} on.`, address), byDefault);

const bind = block(
  {
    status: bound("the gateway's status port 7085", DEFAULTS.bindInside),
    dashboard: bound('the dashboard port 17080', DEFAULTS.bindInside),
    dp_manager: bound('the DP Manager port 17900', DEFAULTS.bindInside),
    http: bound("the gateway's HTTP port 9080", DEFAULTS.bindEverywhere),
    https: bound("the gateway's HTTPS port 9443", DEFAULTS.bindEverywhere),
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

/** A registry as image references name it: `docker.io` is the one of references without any. */
const REGISTRY = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?$/;

const registries = named(
  'Logins of registries, by address as images name it: `registry.example.com:5000`, or `docker.io`.',
  REGISTRY,
  'a registry is written host[:port], without scheme and path',
  block(
    {
      username: text('User to log in as.'),
      password: taggedSecret('Password or access token of that user, by `!env` or `!file`.'),
    },
    'Login of a registry.',
  ),
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
    images: images.optional(),
    database,
    gateway,
    bind: bind.optional(),
    config: config.optional(),
    nofile: otherwise(
      integer('Open files allowed in each container (ulimit `nofile`).', 1024, 2_147_483_584),
      DEFAULTS.nofile,
    ),
  },
  'What to run.',
);
