import { defined } from '../base/data.ts';
import { redact, redactData } from '../base/redact.ts';
import type { Diagnostics } from '../play/rolling.ts';
import type { ErrorInfo, RolledNode, RunEvent } from './event.ts';

const words = (text: string): string => redact(text, 'words');
const ifAny = (text: string | undefined, clean: (text: string) => string): string | undefined =>
  text === undefined ? undefined : clean(text);

/** The same error without secrets. Its code and its host are names. */
export const redactError = (error: ErrorInfo): ErrorInfo => ({
  ...error,
  message: redact(error.message),
  ...defined({
    hint: ifAny(error.hint, words),
    task: ifAny(error.task, words),
    details: ifAny(error.details, redact),
    stack: ifAny(error.stack, redact),
  }),
});

const redactNode = (node: RolledNode): RolledNode => ({
  ...node,
  ...defined({ cause: ifAny(node.cause, redact), next: ifAny(node.next, words) }),
});

const redactEvidence = (evidence: Diagnostics): Diagnostics => ({
  ...evidence,
  status: words(evidence.status),
  probes: evidence.probes.map((probe) => redact(probe)),
  log: redact(evidence.log),
});

/**
 * The same event without secrets. Only fields that may hold a value or host output are redacted. Keys, codes, types and
 * names belong to api7-orch: a password that equals one of them must not change them.
 */
export function redactEvent(event: RunEvent): RunEvent {
  switch (event.type) {
    case 'host.unreachable':
      return { ...event, error: redactError(event.error) };
    case 'task.start':
      return { ...event, task: words(event.task) };
    case 'task.progress':
      return { ...event, task: words(event.task), text: redact(event.text) };
    case 'task.end': {
      const { patch, note, error } = event;
      return {
        ...event,
        task: words(event.task),
        differences: event.differences.map((row) => ({
          ...row,
          before: redactData(row.before),
          after: redactData(row.after),
        })),
        ...defined({
          patch: patch && { before: redact(patch.before), after: redact(patch.after) },
          note: ifAny(note, words),
          error: error && redactError(error),
        }),
      };
    }
    case 'roll.plan':
      return {
        ...event,
        deadlines: event.deadlines.map((link) => ({ ...link, source: words(link.source) })),
        ...defined({ skipped: event.skipped?.map(({ host, why }) => ({ host, why: redact(why) })) }),
      };
    case 'roll.step':
      return { ...event, ...defined({ note: ifAny(event.note, redact) }) };
    case 'roll.hold':
      return { ...event, why: redact(event.why), ...defined({ hint: ifAny(event.hint, words) }) };
    case 'roll.evidence':
      return { ...event, evidence: redactEvidence(event.evidence) };
    case 'roll.end':
      return {
        ...event,
        nodes: Object.fromEntries(Object.entries(event.nodes).map(([name, node]) => [name, redactNode(node)])),
      };
    case 'exec.output':
      return { ...event, line: redact(event.line) };
    case 'exec.end': {
      const { signal, error } = event;
      return { ...event, ...defined({ signal: ifAny(signal, redact), error: error && redactError(error) }) };
    }
    case 'warning':
    case 'note':
      return { ...event, message: redact(event.message) };
    case 'run.end':
      return {
        ...event,
        errors: event.errors.map(redactError),
        ...defined({ goOn: ifAny(event.goOn, words) }),
      };
    case 'run.start':
      return { ...event, ...defined({ command: ifAny(event.command, words) }) };
    case 'play.start':
    case 'play.end':
    case 'host.connected':
    case 'host.plan':
    case 'host.end':
      return event;
    default:
      return event satisfies never;
  }
}
