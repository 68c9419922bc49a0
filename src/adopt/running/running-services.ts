import { z } from 'zod';
import { defineQuery } from '../../core/task/define-query.ts';
import { findServices } from './find-services.ts';
import type { FoundOnHost } from './running-service.ts';

const params = z.strictObject({
  /** Containers that no compose project and no systemd unit owns any more. */
  unmanaged: z.array(z.string()).readonly().default([]),
});

/**
 * A query: API7's services that run on the host, of any origin, with the refusals of each.
 *
 * @example const { services } = yield* runningServices({});
 */
export const runningServices = defineQuery<typeof params, FoundOnHost>({
  kind: 'runningServices',
  params,
  title: () => 'services of API7 that run here',
  look: ({ unmanaged }, host) => findServices(host, { unmanaged }),
});
