import { suggestion } from '../did-you-mean.ts';
import { type GroupNode, groupCycle } from '../groups.ts';
import type { Path, Problem } from '../problem.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import { canonicalAddress } from '../schema/formats.ts';
import { fieldsOf, listOf, textOf } from './loose.ts';

/** Two hosts with one address, one uid, or behind one sshd: they would be changed twice, and the budget would count them twice. */
export function checkAddresses(file: ReadonlyMap<string, unknown>): readonly Problem[] {
  const ssh = fieldsOf(file.get('ssh'));
  const addresses = new Map<string, string>();
  const uids = new Map<string, string>();
  const sshds = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [name, value] of fieldsOf(file.get('hosts'))) {
    const host = fieldsOf(value);
    const address = textOf(host.get('address'));
    const uid = textOf(host.get('uid'));
    const sameUid = uid === undefined ? undefined : claimed(uids, uid.toLowerCase(), name);
    if (sameUid !== undefined)
      problems.push({ path: ['hosts', name, 'uid'], at: 'value', message: `host "${sameUid}" has the same uid` });
    if (address === undefined) continue;
    const sameAddress = claimed(addresses, canonicalAddress(address), name);
    if (sameAddress !== undefined)
      problems.push({
        path: ['hosts', name, 'address'],
        at: 'value',
        message: `host "${sameAddress}" has the same address`,
      });
    const sshAddress = textOf(host.get('ssh_address'));
    const port = host.get('port') ?? ssh.get('port') ?? DEFAULTS.sshPort;
    const jump = host.get('jump') ?? ssh.get('jump');
    const sshd = JSON.stringify([canonicalAddress(sshAddress ?? address), port, jump]);
    const sameSshd = claimed(sshds, sshd, name);
    if (sameSshd !== undefined && sameAddress === undefined)
      problems.push({
        path: ['hosts', name, ...(sshAddress === undefined ? ['address'] : ['ssh_address'])],
        at: 'value',
        message: `host "${sameSshd}" is reached at the same address and port by ssh`,
      });
  }
  return problems;
}

/** The previous owner; if there is none, `name` becomes the owner. */
function claimed(owners: Map<string, string>, key: string, name: string): string | undefined {
  const owner = owners.get(key);
  if (owner === undefined) owners.set(key, name);
  return owner;
}

/** Groups with clashing names, unknown hosts or children, or that contain themselves. */
export function checkGroups(
  hosts: readonly string[],
  groups: ReadonlyMap<string, GroupNode>,
  file: ReadonlyMap<string, unknown>,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const name of hosts.filter((host) => host === 'all'))
    problems.push({ path: ['hosts', name], at: 'key', message: '"all" means every host; choose another name' });
  for (const [name, value] of fieldsOf(file.get('groups'))) {
    const path: Path = ['groups', name];
    if (name === 'all')
      problems.push({
        path,
        at: 'key',
        message: '"all" holds every host already; put its variables under the top-level "vars"',
      });
    if (hosts.includes(name))
      problems.push({ path, at: 'key', message: `"${name}" is also a host; a pattern cannot distinguish them` });
    const members = fieldsOf(value);
    for (const [index, host] of listOf(members.get('hosts')).entries())
      if (typeof host === 'string' && !hosts.includes(host))
        problems.push({ path: [...path, 'hosts', index], at: 'value', message: noHost(host, hosts, groups) });
    for (const [index, child] of listOf(members.get('children')).entries())
      if (typeof child === 'string' && !groups.has(child))
        problems.push({ path: [...path, 'children', index], at: 'value', message: noGroup(child, hosts, groups) });
  }
  return [...problems, ...cycles(groups)];
}

function noHost(name: string, hosts: readonly string[], groups: ReadonlyMap<string, GroupNode>): string {
  if (groups.has(name)) return `"${name}" is a group; list it under "children"`;
  return `host "${name}" is not defined under "hosts"${suggestion(name, hosts)}`;
}

function noGroup(name: string, hosts: readonly string[], groups: ReadonlyMap<string, GroupNode>): string {
  if (hosts.includes(name)) return `"${name}" is a host; list it under "hosts"`;
  return `group "${name}" is not defined${suggestion(name, [...groups.keys()])}`;
}

/** One problem per cycle, at its first group. */
function cycles(groups: ReadonlyMap<string, GroupNode>): readonly Problem[] {
  const seen = new Set<string>();
  return [...groups.keys()].flatMap((name): readonly Problem[] => {
    const chain = seen.has(name) ? undefined : groupCycle(name, groups);
    if (chain === undefined) return [];
    for (const group of chain) seen.add(group);
    const index = groups.get(name)?.children.indexOf(chain[1] ?? '') ?? 0;
    return [
      {
        path: ['groups', name, 'children', index],
        at: 'value',
        message: `group "${name}" contains itself: ${chain.join(' > ')}`,
      },
    ];
  });
}
