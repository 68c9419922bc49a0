import { type GroupNode, groupMembers } from '../groups.ts';
import type { Problem } from '../problem.ts';
import { checkApi7, checkBind } from './api7.ts';
import { checkConfig } from './config.ts';
import { fileGroups } from './file-groups.ts';
import { checkGatewayGroups } from './gateway-groups.ts';
import { checkAddresses, checkGroups } from './hosts.ts';
import { checkLoadBalancers } from './load-balancers.ts';
import { fieldsOf, textsOf } from './loose.ts';
import { checkPools } from './pools.ts';
import { checkPublishedPorts, publishedPorts } from './published-ports.ts';
import { checkRegistries } from './registries.ts';

/** Checks across fields: names that must exist, duplicates, alternatives. */
export function check(tree: unknown): readonly Problem[] {
  const file = fieldsOf(tree);
  const { hosts, groups } = hostsOf(file);
  const members = groupMembers(hosts, groups);
  const names = { hosts, groups: members };
  const gatewayGroups = fileGroups(file, names);
  const ports = publishedPorts(file, gatewayGroups, names);
  return [
    ...checkAddresses(file),
    ...checkGroups(hosts, groups, file),
    ...checkApi7(file),
    ...checkRegistries(file),
    ...checkGatewayGroups(file, gatewayGroups, names),
    ...checkConfig(file, gatewayGroups),
    ...checkBind(file, gatewayGroups, names),
    ...checkPublishedPorts(file, ports, gatewayGroups),
    ...checkLoadBalancers(file, names, ports),
    ...checkPools(file, names),
  ];
}

/** The same of hosts and groups alone. */
export function checkHosts(tree: unknown): readonly Problem[] {
  const file = fieldsOf(tree);
  const { hosts, groups } = hostsOf(file);
  return [...checkAddresses(file), ...checkGroups(hosts, groups, file)];
}

function hostsOf(file: ReadonlyMap<string, unknown>) {
  const hosts = [...fieldsOf(file.get('hosts')).keys()];
  const groups = new Map<string, GroupNode>(
    [...fieldsOf(file.get('groups'))].map(([name, value]) => {
      const group = fieldsOf(value);
      return [name, { hosts: textsOf(group.get('hosts')), children: textsOf(group.get('children')) }];
    }),
  );
  return { hosts, groups };
}
