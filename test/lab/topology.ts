export const hostNames = ['cp-1', 'cp-2', 'gw-1', 'gw-2', 'gw-3', 'lb-1', 'db-1'] as const;

export type HostName = (typeof hostNames)[number];
export type Role = 'control_plane' | 'data_plane' | 'load_balancer' | 'database';

export interface HostSpec {
  readonly name: HostName;
  readonly role: Role;
  /** Last byte of its address in the lab's network. */
  readonly byte: number;
  /** Ports published on 127.0.0.1, by name. */
  readonly ports: Readonly<Record<string, number>>;
}

const ssh = { ssh: 22 };

export const topology: Readonly<Record<HostName, HostSpec>> = {
  'cp-1': { name: 'cp-1', role: 'control_plane', byte: 11, ports: ssh },
  'cp-2': { name: 'cp-2', role: 'control_plane', byte: 12, ports: ssh },
  'gw-1': { name: 'gw-1', role: 'data_plane', byte: 21, ports: ssh },
  'gw-2': { name: 'gw-2', role: 'data_plane', byte: 22, ports: ssh },
  'gw-3': { name: 'gw-3', role: 'data_plane', byte: 23, ports: ssh },
  'lb-1': {
    name: 'lb-1',
    role: 'load_balancer',
    byte: 5,
    ports: { ...ssh, gateways: 9080, dashboards: 17080, dp_managers: 17900, stats: 8404 },
  },
  'db-1': { name: 'db-1', role: 'database', byte: 6, ports: ssh },
};

/** The names of the hosts of a role, in order. @example hostsOf('control_plane') // ['cp-1', 'cp-2'] */
export function hostsOf(role: Role): readonly HostName[] {
  return hostNames.filter((name) => topology[name].role === role);
}

/** Narrows what a user typed. @example isHostName('gw-1') === true */
export function isHostName(text: string): text is HostName {
  return hostNames.some((name) => name === text);
}
