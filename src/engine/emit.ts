import type { Clock } from '../core/clock.ts';
import type { Emit, NumberedEvent } from '../core/event.ts';
import { redactData } from '../core/redact.ts';

/** The one way out for everything that happens: numbered, dated, redacted, then handed to every listener in order. */
export function emitter(clock: Clock, listeners: readonly ((event: NumberedEvent) => void)[]): Emit {
  let seq = 0;
  return (event) => {
    const numbered = redactData({ ...event, seq: ++seq, time: new Date(clock.now()).toISOString() });
    for (const listener of listeners) listener(numbered);
  };
}
