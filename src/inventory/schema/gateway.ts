import { placeholderWord } from '../placeholder.ts';
import { containerSettings, REFUSED_SETTINGS } from './container-settings.ts';
import { DEFAULTS } from './defaults.ts';
import { block, free, integer, list, named, otherwise, port, secret, text } from './fields.ts';
import { bindCheck, endpointCheck, hostHeaderCheck, hostnameCheck, pemCheck, requestPathCheck } from './formats.ts';
import { NAME, NAME_RULE } from './names.ts';

const probe = block(
  {
    path: text('Path of the request to the HTTP port of the gateway.', requestPathCheck),
    host: text('Host header of the request.', hostHeaderCheck),
    status: otherwise(integer('Status that the response must have.', 100, 599), DEFAULTS.probeStatus),
  },
  'A request that each gateway must answer as expected before balancers send it traffic again.',
);

const ports = block(
  {
    http: otherwise(port('Port of the host that leads to HTTP, 9080 in the container.'), DEFAULTS.gatewayPorts.http),
    https: otherwise(port('Port of the host that leads to HTTPS, 9443 in the container.'), DEFAULTS.gatewayPorts.https),
    status: otherwise(
      port('Port of the host that leads to the status, 7085 in the container.'),
      DEFAULTS.gatewayPorts.status,
    ),
    tcp: list(
      'Ports of stream routes over TCP, the same in the container and on the host.',
      port('One port.'),
    ).optional(),
    udp: list(
      'Ports of stream routes over UDP, the same in the container and on the host.',
      port('One port.'),
    ).optional(),
  },
  'Ports of the hosts on which gateways serve. Pools name these.',
);

/** The gateways' login to the control plane. */
export const login = {
  token: secret('Token of the gateway group. Excludes `cert`, `key`, `ca` and `sni`.', placeholderWord).optional(),
  cert: text('Client certificate, PEM.', pemCheck('CERTIFICATE')).optional(),
  key: secret('Private key of that certificate, PEM.', pemCheck('PRIVATE KEY')).optional(),
};

const fields = {
  endpoints: list(
    'Where gateways reach DP Manager; best one address, that of the load balancer.',
    text('URL without a path.', endpointCheck),
  ).optional(),
  ...login,
  ca: text('Certificate authority of DP Manager, PEM.', pemCheck('CERTIFICATE')).optional(),
  sni: otherwise(text('Server name to expect in the certificate of DP Manager.', hostnameCheck), DEFAULTS.gatewaySni),
  probe: probe.optional(),
  ports: ports.optional(),
  ...containerSettings('gateway'),
};

/** `api7.gateway`. */
export const gateway = block(
  { group: otherwise(text('Short id of the gateway group to join.'), DEFAULTS.gatewayGroup), ...fields },
  'How gateways join the control plane: either `token`, or `cert`, `key` and `ca`. And settings of their containers.',
  REFUSED_SETTINGS,
);

const address = text('IP address, or `{address}` for the address of the host itself.', bindCheck);

/** A list of addresses to publish a port on. */
export const bound = (what: string, byDefault: readonly string[]) =>
  otherwise(list(`Addresses to publish ${what} on.`, address), byDefault);

/** Addresses of the gateways' ports. */
export const gatewayBind = {
  status: bound("the gateway's status port", DEFAULTS.bindInside),
  http: bound("the gateway's HTTP port", DEFAULTS.bindEverywhere),
  https: bound("the gateway's HTTPS port", DEFAULTS.bindEverywhere),
  streams: bound("the gateway's stream ports", DEFAULTS.bindEverywhere),
};

/** `gateway_groups`. */
export const gatewayGroups = named(
  'Gateway groups, where there are several; each gateway is in exactly one. What a group leaves out comes from `api7.gateway`.',
  NAME,
  NAME_RULE,
  block(
    {
      hosts: text('Pattern of its hosts, all of them in the group `data_plane`.'),
      group: otherwise(text('Short id of the group in API7.'), 'its name here'),
      ...fields,
      bind: block(gatewayBind, 'Where its ports listen, in place of `api7.bind`.').optional(),
      config: free('Merged into `gateway_conf/config.yaml`, over `api7.config.gateway`.').optional(),
    },
    'A gateway group.',
    REFUSED_SETTINGS,
  ),
);
