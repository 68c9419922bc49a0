import type { ErrorInfo } from '../../core/event/event.ts';
import type { RunView } from '../run-view.ts';

/** One cause, on one host or on many. */
export interface ErrorGroup {
  /** The first error of its kind, which is printed. */
  readonly fault: ErrorInfo;
  readonly hosts: readonly string[];
  /** Whether the others differ only in names and numbers. */
  readonly alike: boolean;
}

const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<address>'],
  [/\b[0-9a-f]{12,64}\b/g, '<id>'],
  [/\b(?:\d+(?:\.\d+)?(?:ms|s|m|h))+\b/g, '<time>'],
  [/\b\d+(?:\.\d+)? [KMGT]iB\b/g, '<size>'],
  [/\b\d{7,}\b/g, '<number>'],
];

/** Names, addresses, ids and times differ between hosts although the cause is the same. */
function normalised({ host, message }: ErrorInfo): string {
  const name = host?.replace(/[^\w-]/g, '\\$&');
  const nameless =
    name === undefined ? message : message.replace(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), '<host>');
  return VARYING.reduce((text, [pattern, word]) => text.replace(pattern, word), nameless);
}

/** All errors of a run, each once: the end of the run repeats errors of tasks. */
function allErrors(view: RunView): readonly ErrorInfo[] {
  const once = new Map<string, ErrorInfo>();
  for (const fault of [...[...view.hosts.values()].flatMap(({ errors }) => errors), ...(view.end?.errors ?? [])]) {
    const key = JSON.stringify([fault.code, fault.host, fault.message]);
    once.set(key, { ...fault, ...once.get(key) });
  }
  return [...once.values()];
}

/** The errors of a run grouped by cause, in the order of their occurrence. */
export function errorGroups(view: RunView): readonly ErrorGroup[] {
  const groups = Map.groupBy(allErrors(view), (fault) => JSON.stringify([fault.code, fault.task, normalised(fault)]));
  return [...groups.values()].flatMap((faults) => {
    const [fault] = faults;
    if (fault === undefined) return [];
    const hosts = [...new Set(faults.flatMap(({ host }) => host ?? []))];
    return [{ fault, hosts, alike: faults.every(({ message }) => message === fault.message) }];
  });
}
