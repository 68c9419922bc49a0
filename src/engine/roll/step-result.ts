import { isUnreachable, OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { Result } from '../../rolling/types.ts';

/**
 * The result of an error. A lost host has not failed, and a lost balancer is no failure of the node behind it.
 * `intact`: the step neither stopped nor changed the service.
 */
export function resultOf(error: unknown, node: string, { intact = false } = {}): Result {
  const fault = errorInfoOf(error, { host: node });
  if (isUnreachable(error) && fault.host === node) return { kind: 'lost', fault };
  const left = intact ? { intact } : {};
  if (error instanceof OrchError && error.operatorDecides) return { kind: 'hold', fault, ...left };
  return { kind: 'failed', fault, ...(isSilence(error, node) ? { notNodesFault: true } : {}), ...left };
}

/** Another host gave no response; this is no failure of the node. */
export const isSilence = (error: unknown, node: string): boolean =>
  (isUnreachable(error) || (error instanceof OrchError && error.code === 'LB_UNREACHABLE')) &&
  errorInfoOf(error, { host: node }).host !== node;
