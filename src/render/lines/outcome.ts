import type { HostCounts } from '../../core/event/event.ts';
import type { RunView } from '../run-view.ts';
import { type ErrorGroup, errorGroups } from './error-groups.ts';
import { count, nameList, oneLine } from './paint.ts';

const isChanged = (host: HostCounts): boolean => host.changed > 0;
const isStarted = (host: HostCounts): boolean => host.ok + host.unknown > 0;
const isBroken = (host: HostCounts): boolean => host.failed > 0 || host.unreachable > 0;

/** What a run works on: `lb drain` and `lb restore` connect to balancers only. */
export const targetNoun = ({ title }: RunView): string => (/^lb (?:drain|restore)\b/.test(title) ? 'balancer' : 'host');

/** The last line of a run, in one sentence: the line that people read. */
export function outcome(view: RunView): string {
  const { end } = view;
  if (end === undefined) return 'INTERRUPTED: the run has no end';
  const groups = errorGroups(view);
  if (view.exec) return execOutcome(view);
  const hosts = Object.values(end.hosts);
  if (end.check) return `CHECK: ${groups.length > 0 ? `${sentence(groups)}; ` : ''}${checkCounts(hosts)}`;
  switch (end.outcome) {
    case 'ok':
      return `OK: ${success(view, hosts)}`;
    case 'refused':
      return withWord('REFUSED', groups, hosts.some(isChanged) ? counted(view, hosts) : ['no changes made']);
    case 'failed':
    case 'partial':
      return withWord('FAILED', groups, [...stillDrained(view), ...counted(view, hosts)]);
    case 'rolledBack':
      return withWord('ROLLED BACK', groups, [...rolledBack(view), ...counted(view, hosts)]);
    case 'locked':
      return withWord('LOCKED', groups, hosts.some(isChanged) ? counted(view, hosts) : ['no changes made']);
    case 'interrupted':
      return withWord(
        'INTERRUPTED',
        [],
        [...stillDrained(view), ...counted(view, hosts), 'run the same command to resume'],
      );
    case 'internal':
      return withWord('INTERNAL ERROR', groups, [...stillDrained(view), ...counted(view, hosts)]);
    default:
      return end.outcome satisfies never;
  }
}

function success(view: RunView, hosts: readonly HostCounts[]): string {
  const changed = hosts.filter(isChanged).length;
  const noun = targetNoun(view);
  const nodes = Object.keys(view.rolled);
  if (view.title === 'lb drain' && nodes.length > 0)
    return changed > 0
      ? `${nameList(nodes)} drained on ${count(hosts.length, noun)}`
      : `${nameList(nodes)} already drained, no changes`;
  if (changed > 0)
    return `${count(changed, noun)} changed${changed < hosts.length ? `, ${hosts.length - changed} up to date` : ''}`;
  return `no changes, ${count(hosts.length, noun)} up to date`;
}

/** `FAILED: gw-2: no disk; 1 host changed`. */
function withWord(word: string, groups: readonly ErrorGroup[], facts: readonly string[]): string {
  const parts = [...(groups.length === 0 ? [] : [sentence(groups)]), ...facts];
  return parts.length === 0 ? word : `${word}: ${parts.join('; ')}`;
}

/** The first error with its hosts, and the number of others. */
function sentence(groups: readonly ErrorGroup[]): string {
  const [first] = groups;
  if (first === undefined) return '';
  const { fault, alike } = first;
  // A message that differs is that of the first host.
  const [hosts, others] = alike ? [first.hosts, []] : [first.hosts.slice(0, 1), first.hosts.slice(1)];
  const [name] = hosts;
  const text = oneLine(fault.message, 200);
  // A message that starts with its only host needs no name before it.
  const isNamed = hosts.length === 1 && (text.startsWith(`${name}:`) || text.startsWith(`${name} `));
  const where = hosts.length === 0 || isNamed ? '' : `${nameList(hosts, 4)}: `;
  const more = groups.length === 1 ? '' : ` (and ${count(groups.length - 1, 'other error')})`;
  const also = others.length === 0 ? '' : ` (also ${nameList(others, 3)})`;
  return `${where}${text}${also}${more}`;
}

/** Failed nodes that get no requests until they are repaired or restored. */
function stillDrained({ rolled }: RunView): readonly string[] {
  const names = Object.entries(rolled).flatMap(([name, { state, traffic }]) =>
    state === 'failed' && traffic === 'out' ? [name] : [],
  );
  return ifAny(names, 'stays drained', 'stay drained');
}

/** What nodes serve with after their change failed. An adoption goes back to the container that it took over. */
function rolledBack({ rolled, hosts }: RunView): readonly string[] {
  const names = Object.entries(rolled).flatMap(([name, { state }]) => (state === 'rolledBack' ? [name] : []));
  const containers = (name: string): number => hosts.get(name)?.oldContainers ?? 0;
  const old = names.filter((name) => containers(name) > 0);
  const previous = names.filter((name) => containers(name) === 0);
  const noun = old.reduce((sum, name) => sum + containers(name), 0) === 1 ? 'container' : 'containers';
  return [
    ...ifAny(previous, 'serves its previous version', 'serve their previous version'),
    ...ifAny(old, `serves from its old ${noun}`, `serve from their old ${noun}`),
  ];
}

const ifAny = (names: readonly string[], one: string, many: string): readonly string[] =>
  names.length === 0 ? [] : [`${nameList(names, 4)} ${names.length === 1 ? one : many}`];

/** The error names failed hosts; of the others, the number of unchanged ones matters. */
function counted(view: RunView, hosts: readonly HostCounts[]): readonly string[] {
  const others = hosts.filter((host) => !isBroken(host));
  const changed = others.filter(isChanged).length;
  const unchanged = others.filter((host) => !isChanged(host) && isStarted(host)).length;
  const idle = others.length - changed - unchanged;
  const facts = [
    ...(changed === 0 ? [] : [`${count(changed, targetNoun(view))} changed`]),
    ...(unchanged === 0 ? [] : [`${unchanged} unchanged`]),
    ...(idle === 0 ? [] : [`${idle} not started`]),
  ];
  return facts.length === 0 ? [] : [facts.join(', ')];
}

function checkCounts(hosts: readonly HostCounts[]): string {
  const changes = hosts.reduce((sum, { changed }) => sum + changed, 0);
  const unknown = hosts.reduce((sum, host) => sum + host.unknown, 0);
  if (changes + unknown === 0 && !hosts.some(isBroken))
    return `no changes planned, ${count(hosts.length, 'host')} up to date`;
  const rest = unknown === 0 ? '' : `, ${unknown} unknown until applied`;
  return `${count(changes, 'change')} planned${rest}; no changes made`;
}

/** `exit code 0 on gw-1, gw-3; exit code 2 on gw-2`. */
function execOutcome(view: RunView): string {
  const ends = Map.groupBy(view.hosts.values(), ({ exit = 'not run' }) => exit);
  return [...ends].map(([how, hosts]) => `${how} on ${nameList(hosts.map(({ name }) => name))}`).join('; ');
}
