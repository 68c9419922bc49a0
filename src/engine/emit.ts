import { type Clock, dateOf } from '../core/base/clock.ts';
import type { Emit, NumberedEvent } from '../core/event/event.ts';
import { redactEvent } from '../core/event/redact-event.ts';

/** The one way out for everything that happens: numbered, dated, redacted, then handed to every listener in order. */
export function emitter(clock: Clock, listeners: readonly ((event: NumberedEvent) => void)[]): Emit {
  let seq = 0;
  return (event) => {
    const numbered = { ...redactEvent(event), seq: ++seq, time: dateOf(clock).toISOString() };
    for (const listener of listeners) listener(numbered);
  };
}
