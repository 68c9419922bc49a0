import { dirname } from 'node:path';
import { defined } from '../../core/base/data.ts';
import type { SshSettings } from '../../core/host/ssh-settings.ts';
import { type GroupNode, groupMembers, parentsFirst } from '../groups.ts';
import type { InventoryHost } from '../inventory.ts';
import type { PatternNames } from '../pattern.ts';
import { localPath } from '../read/local-path.ts';
import type { HostsFile } from '../schema/schema.ts';

type HostFile = HostsFile['hosts'][string];
type Variables = Readonly<Record<string, unknown>>;

export interface ResolvedHosts {
  readonly hosts: ReadonlyMap<string, InventoryHost>;
  readonly names: PatternNames;
}

/** The hosts and groups of a checked file; `order`: of their names in it. */
export function resolveHosts(
  file: Pick<HostsFile, 'hosts' | 'groups' | 'vars' | 'ssh'>,
  {
    path,
    order,
  }: {
    readonly path: string;
    readonly order: { readonly hosts: readonly string[]; readonly groups: readonly string[] };
  },
  extraVars: Variables,
): ResolvedHosts {
  const dir = dirname(path);
  const absolute = (text: string): string => localPath(dir, text);
  const hosts = inOrder(file.hosts, order.hosts);
  const nodes = new Map<string, GroupNode>(
    inOrder(file.groups, order.groups).map(([name, { hosts = [], children = [] }]) => [name, { hosts, children }]),
  );
  const names: PatternNames = { hosts: order.hosts, groups: groupMembers(order.hosts, nodes) };
  const parents = parentsFirst(nodes);

  const hostOf = (name: string, host: HostFile): InventoryHost => {
    const groups = parents.filter((group) => names.groups.get(group)?.includes(name));
    const layers = [file.vars, ...groups.map((group) => file.groups?.[group]?.vars), host.vars, extraVars];
    return {
      name,
      address: host.address,
      ssh: sshOf(host, file.ssh ?? {}, absolute),
      ...defined({ zone: host.zone, uid: host.uid }),
      groups,
      vars: Object.fromEntries(layers.flatMap((layer) => Object.entries(layer ?? {}))),
    };
  };

  return { hosts: new Map(hosts.map(([name, host]) => [name, hostOf(name, host)])), names };
}

/** The entries of a block in the order of the file. */
export function inOrder<Value>(
  block: Readonly<Record<string, Value>> = {},
  names: readonly string[],
): readonly (readonly [string, Value])[] {
  return names.flatMap((name) => {
    const value = block[name];
    return value === undefined ? [] : [[name, value] as const];
  });
}

/** Only given settings: the rest is resolved at the connection. */
function sshOf(host: HostFile, shared: NonNullable<HostsFile['ssh']>, absolute: (text: string) => string): SshSettings {
  const config = host.config ?? shared.config;
  const port = host.port ?? shared.port;
  const user = host.user ?? shared.user;
  const identityFile = host.identity_file ?? shared.identity_file;
  const knownHosts = host.known_hosts ?? shared.known_hosts;
  const jump = host.jump ?? shared.jump;
  const become = host.become ?? shared.become;
  const connectTimeoutMs = host.connect_timeout ?? shared.connect_timeout;
  const password = host.password ?? shared.password;
  const becomePassword = host.become_password ?? shared.become_password;
  const fileAt = (text: string | undefined) => (text === undefined ? undefined : absolute(text));
  return {
    address: host.ssh_address ?? host.address,
    ...defined({
      config: config === 'none' ? config : fileAt(config),
      port,
      user,
      identityFile: fileAt(identityFile),
      knownHosts: fileAt(knownHosts),
      jump,
      become,
      connectTimeoutMs,
      password,
      becomePassword,
    }),
  };
}
