import type { LateRefusal } from '../../adopt/describe/described.ts';
import type { Refusal } from '../../adopt/running/refusal.ts';
import type { RunningService } from '../../adopt/running/running-service.ts';
import { SERVICE_FIELDS } from '../../api7/services.ts';
import { defined } from '../../core/base/data.ts';
import { redact } from '../../core/base/redact.ts';
import type { ReadHost } from './read-cluster.ts';
import type { ShownHost, ShownRefusal, ShownService } from './report.ts';

/** What was read of each host, without any value that may be a secret. */
export const shownHosts = (read: readonly ReadHost[], late: readonly LateRefusal[]): readonly ShownHost[] =>
  read.map(({ host, found, balancer, error }) => ({
    host,
    ...defined({ error }),
    services: found.services.map((service) =>
      shown(
        service,
        late.filter((one) => one.host === host && one.service === service.service).map(({ refusal }) => refusal),
      ),
    ),
    balances: balancer.pools.length > 0,
    aside: found.aside.map(({ name, why }) => ({ container: name, why })),
  }));

function shown(
  { service, container, image, uid, certificates, refusals }: RunningService,
  late: readonly Refusal[],
): ShownService {
  const all = container.managed ? [] : [...refusals, ...late];
  return {
    service: SERVICE_FIELDS[service],
    container: container.name,
    id: container.id,
    image: image.ref,
    version: image.version ?? null,
    uid: uid ?? null,
    verdict: container.managed ? 'managed' : all.length > 0 ? 'refused' : 'adoptable',
    refusals: all.map(
      ({ code, message, hint }): ShownRefusal => ({ code, message: redact(message), hint: redact(hint) }),
    ),
    certificates: certificates.map(({ place, validToMs }) => ({
      place,
      validTo: validToMs === undefined ? null : new Date(validToMs).toISOString(),
    })),
  };
}
