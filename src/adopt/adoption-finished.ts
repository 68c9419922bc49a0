import { z } from 'zod';
import { defineTask } from '../core/task/define-task.ts';
import { isUnderWay, readAdoption, writeAdoption } from './record.ts';
import { marksOf } from './running/service-of.ts';
import { targetFields } from './target.ts';

const params = z.strictObject({ service: targetFields.service });

/**
 * The adoption of a service is at its end: its new container serves, and has come through its soak. The old one stays, stopped, until it is
 * forgotten. Without an adoption there is nothing to do.
 *
 * @example yield adoptionFinished({ service: 'gateway' });
 */
export const adoptionFinished = defineTask<typeof params, void, { readonly phase: string }, void>({
  kind: 'adoptionFinished',
  params,
  impact: 'none',
  claim: (p) => `state:adoption of ${p.service}`,
  title: (p) => `record that the ${marksOf(p.service).words} is adopted`,
  async read({ service }, host) {
    const record = await readAdoption(service, host);
    return record && { phase: record.phase };
  },
  want: (_p, now) => now && { phase: 'done' },
  async write({ service }, _change, host) {
    const record = await readAdoption(service, host);
    if (isUnderWay(record)) await writeAdoption(service, { ...record, phase: 'done' }, host);
  },
});
