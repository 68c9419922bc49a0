import { type Clock, dateOf } from '../core/base/clock.ts';
import type { Emit, NumberedEvent } from '../core/event/event.ts';
import { redactEvent } from '../core/event/redact-event.ts';

/** The only way for events: numbers, dates and redacts each one, then passes it to all listeners in order. */
export function emitter(clock: Clock, listeners: readonly ((event: NumberedEvent) => void)[]): Emit {
  let seq = 0;
  return (event) => {
    const numbered = { ...redactEvent(event), seq: ++seq, time: dateOf(clock).toISOString() };
    for (const listener of listeners) listener(numbered);
  };
}
