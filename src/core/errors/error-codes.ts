import { CONNECT_CODES } from './connect-codes.ts';
import { HOST_CODES } from './host-codes.ts';
import { RUN_CODES } from './run-codes.ts';
import { TRAFFIC_CODES } from './traffic-codes.ts';

/** All error codes by subject, in the order of `docs/errors.md`. */
export const ERROR_CODES = {
  'Input, playbooks and the run': RUN_CODES,
  'Reaching a host': CONNECT_CODES,
  'On a host': HOST_CODES,
  'Balancers and rolling changes': TRAFFIC_CODES,
} as const;

/** Every code that an `OrchError` can have. The compiler refuses other codes. */
export type ErrorCode =
  | keyof typeof CONNECT_CODES
  | keyof typeof HOST_CODES
  | keyof typeof RUN_CODES
  | keyof typeof TRAFFIC_CODES;
