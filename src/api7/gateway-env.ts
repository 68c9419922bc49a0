import type { Secret } from '../core/base/secret.ts';
import { gatewayAuthOf } from '../inventory/gateway-group.ts';
import type { GatewayGroup } from '../inventory/inventory.ts';
import type { GATEWAY_VARIABLES } from '../inventory/own-settings.ts';

type GatewayEnv = Readonly<Partial<Record<(typeof GATEWAY_VARIABLES)[number], string | Secret>>>;

/**
 * A gateway's environment variables for finding and trusting its control plane. `docker inspect` shows them to root of
 * that host; the image accepts them in no other way.
 */
export function gatewayEnv(of: GatewayGroup, host: { readonly name: string }): GatewayEnv {
  const { endpoints, group } = of;
  const auth = gatewayAuthOf(of, host.name);
  return {
    API7_CONTROL_PLANE_ENDPOINTS: JSON.stringify(endpoints),
    API7_GATEWAY_GROUP_SHORT_ID: group,
    ...(auth.kind === 'token'
      ? { API7_CONTROL_PLANE_TOKEN: auth.token }
      : {
          API7_CONTROL_PLANE_CERT: auth.cert,
          API7_CONTROL_PLANE_KEY: auth.key,
          API7_CONTROL_PLANE_CA: auth.ca,
          API7_CONTROL_PLANE_SNI: auth.sni,
        }),
  };
}
