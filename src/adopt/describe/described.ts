import type { Refusal } from '../running/refusal.ts';
import type { RunningService } from '../running/running-service.ts';

/** A service with the host that it runs on. */
export interface ServiceOn {
  readonly host: string;
  readonly address: string;
  readonly found: RunningService;
}

/** A reason against adoption that shows only when the inventory is written, and where. */
export interface LateRefusal {
  readonly host: string;
  readonly service: RunningService['service'];
  readonly refusal: Refusal;
}
