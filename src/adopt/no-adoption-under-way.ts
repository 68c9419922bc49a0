import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { isUnderWay, readAdoption } from './record.ts';
import { targetFields } from './target.ts';

const params = z.strictObject({ services: z.array(targetFields.service).min(1).readonly() });

interface Seen {
  readonly host: string;
  readonly underWay: readonly { readonly service: string; readonly phase: string }[];
}

/**
 * A gate, one look: no adoption on the host waits to be finished.
 *
 * @throws OrchError ADOPTION_UNDER_WAY, ADOPTION_INVALID
 */
export const noAdoptionUnderWay = defineGate<typeof params, Seen>({
  kind: 'noAdoptionUnderWay',
  params,
  title: () => 'no adoption is unfinished',
  async look({ services }, host) {
    const records = await Promise.all(services.map((service) => readAdoption(service, host)));
    const underWay = services.flatMap((service, at) => {
      const record = records[at] ?? null;
      return isUnderWay(record) ? [{ service, phase: record.phase }] : [];
    });
    return { host: host.name, underWay };
  },
  met: (_p, { underWay }) => underWay.length === 0,
  unmet: (_p, { host, underWay }) =>
    new OrchError(
      'ADOPTION_UNDER_WAY',
      `the adoption on ${host} is not finished: ${underWay.map(({ service, phase }) => `${service} is at ${phase}`).join(', ')}`,
      { hint: 'finish it: api7-orch run install --adopt', host },
    ),
});
