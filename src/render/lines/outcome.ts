import type { HostCounts } from '../../core/event/event.ts';
import type { RunView } from '../run-view.ts';
import { type ErrorGroup, errorGroups } from './error-groups.ts';
import { count, nameList, oneLine } from './paint.ts';

const isChanged = (host: HostCounts): boolean => host.changed > 0;
const isBroken = (host: HostCounts): boolean => host.failed > 0 || host.unreachable > 0;

/** How a run ended, in one sentence: the last line, and the one that is read. */
export function outcome(view: RunView): string {
  const { end } = view;
  if (end === undefined) return 'ended before it was done';
  const groups = errorGroups(view);
  if (view.exec) return execOutcome(view);
  const hosts = Object.values(end.hosts);
  if (end.check) return `check: ${groups.length > 0 ? `${failedOn('FAILED', groups)}; ` : ''}${checkCounts(hosts)}`;
  switch (end.outcome) {
    case 'ok':
      return success(hosts);
    case 'refused':
      return `${failedOn('REFUSED', groups)}${hosts.some(isChanged) ? touched(hosts) : '; nothing was changed'}`;
    case 'failed':
    case 'partial':
      return `${failedOn('FAILED', groups)}${touched(hosts)}`;
    case 'interrupted':
      return `INTERRUPTED${touched(hosts)}; run again to go on`;
    default:
      return end.outcome satisfies never;
  }
}

function success(hosts: readonly HostCounts[]): string {
  const changed = hosts.filter(isChanged).length;
  if (changed > 0)
    return `${count(changed, 'host')} changed${changed < hosts.length ? `, ${hosts.length - changed} already as wanted` : ''}`;
  return hosts.length === 1
    ? 'nothing changed: the host is as wanted'
    : `nothing changed: all ${hosts.length} hosts are as wanted`;
}

function failedOn(word: string, groups: readonly ErrorGroup[]): string {
  const [first] = groups;
  if (first === undefined) return word;
  const where = first.hosts.length === 0 ? '' : ` on ${nameList(first.hosts, 4)}`;
  const more = groups.length === 1 ? '' : ` (and ${count(groups.length - 1, 'other error')})`;
  return `${word}${where}: ${oneLine(first.fault.message, 200)}${more}`;
}

/** Hosts that failed are named by the error; of the others it matters which are still as they were. */
function touched(hosts: readonly HostCounts[]): string {
  const others = hosts.filter((host) => !isBroken(host));
  const changed = others.filter(isChanged).length;
  const untouched = others.length - changed;
  if (changed === 0) return untouched === 0 ? '' : `; ${count(untouched, 'host')} untouched`;
  return `; ${count(changed, 'host')} changed${untouched === 0 ? '' : `, ${untouched} untouched`}`;
}

function checkCounts(hosts: readonly HostCounts[]): string {
  const changes = hosts.reduce((sum, { changed }) => sum + changed, 0);
  const unknown = hosts.reduce((sum, host) => sum + host.unknown, 0);
  if (changes + unknown === 0 && !hosts.some(isBroken))
    return hosts.length === 1
      ? 'nothing would change: the host is as wanted'
      : `nothing would change: all ${hosts.length} hosts are as wanted`;
  return `${count(changes, 'change')}, ${unknown} unknown; nothing was changed`;
}

/** `exit code 0 on gw-1, gw-3; exit code 2 on gw-2`. */
function execOutcome(view: RunView): string {
  const ends = new Map<string, string[]>();
  for (const { name, exit = 'not run' } of view.hosts.values()) ends.set(exit, [...(ends.get(exit) ?? []), name]);
  return [...ends].map(([how, hosts]) => `${how} on ${nameList(hosts)}`).join('; ');
}
