import { Secret } from '../../core/base/secret.ts';
import type { GATEWAY_VARIABLES } from '../../inventory/own-settings.ts';
import { DEFAULTS } from '../../inventory/schema/defaults.ts';
import type { UserSettings } from '../running/running-service.ts';
import type { Block } from './container-block.ts';

/** How a gateway finds and trusts its control plane. */
export interface LoginBlock {
  /** What a group has in common: its id, endpoints and whom it trusts. */
  readonly shared: Block;
  /** What may be a host's own. */
  readonly own: Block;
  /** Why the inventory cannot make the same variables of it. */
  readonly problems: readonly string[];
}

/** Reads the variables that `gatewayEnv` writes. Every one that would change or be added is a problem. */
export function loginBlock({ env }: Pick<UserSettings, 'env'>): LoginBlock {
  const of = (name: (typeof GATEWAY_VARIABLES)[number]): string | undefined => env[name]?.reveal();
  const text = of('API7_CONTROL_PLANE_ENDPOINTS');
  const endpoints = endpointsIn(text ?? '');
  const group = of('API7_GATEWAY_GROUP_SHORT_ID');
  const [token, cert, key, ca, sni] = (['TOKEN', 'CERT', 'KEY', 'CA', 'SNI'] as const).map((name) =>
    of(`API7_CONTROL_PLANE_${name}`),
  );
  const byToken = token !== undefined && cert === undefined;
  const needed: readonly (readonly [string, string | undefined])[] = [
    ['API7_CONTROL_PLANE_ENDPOINTS', text],
    ['API7_GATEWAY_GROUP_SHORT_ID', group],
    ...(byToken
      ? []
      : ([
          ['API7_CONTROL_PLANE_CERT', cert],
          ['API7_CONTROL_PLANE_KEY', key],
          ['API7_CONTROL_PLANE_CA', ca],
          ['API7_CONTROL_PLANE_SNI', sni],
        ] as const)),
  ];
  const surplus = byToken
    ? [
        ['API7_CONTROL_PLANE_CA', ca],
        ['API7_CONTROL_PLANE_SNI', sni],
        ['API7_CONTROL_PLANE_KEY', key],
      ]
    : [['API7_CONTROL_PLANE_TOKEN', token]];
  const listed = (some: readonly (readonly (string | undefined)[])[]): string => some.map(([name]) => name).join(', ');
  const missing = needed.filter(([, value]) => value === undefined);
  const extra = surplus.filter(([, value]) => value !== undefined);
  const isExact = JSON.stringify(endpoints.map((one) => one.replace(/\/$/, ''))) === text;
  return {
    shared: {
      group,
      endpoints: endpoints.length === 0 ? undefined : endpoints,
      ca: byToken ? undefined : ca,
      sni: byToken || sni === DEFAULTS.gatewaySni ? undefined : sni,
    },
    own: byToken ? { token: Secret.of(token) } : { cert, key: key === undefined ? undefined : Secret.of(key) },
    problems: [
      ...(missing.length === 0 ? [] : [`it lacks the variables ${listed(missing)}`]),
      ...(extra.length === 0 ? [] : [`it has the variables ${listed(extra)} beside another login`]),
      ...(text === undefined || isExact
        ? []
        : ['API7_CONTROL_PLANE_ENDPOINTS is not a JSON list without blanks, of URLs without a path']),
    ],
  };
}

function endpointsIn(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}
