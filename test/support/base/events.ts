import type { ErrorInfo, RunEvent } from '../../../src/core/event/event.ts';

/** The errors with which a run ended. */
export const errorsIn = (events: readonly RunEvent[]): readonly ErrorInfo[] =>
  events.flatMap((event) => (event.type === 'run.end' ? event.errors : []));

/** Its warnings. */
export const warningsIn = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

/** How its tasks ended: `changed file /etc/motd`. */
export const rowsIn = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'task.end' ? [`${event.status} ${event.task}`] : []));
