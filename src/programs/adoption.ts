import { adoptable } from '../adopt/adoptable.ts';
import { adoptionFinished } from '../adopt/adoption-finished.ts';
import { nothingKept } from '../adopt/kept.ts';
import { noAdoptionUnderWay } from '../adopt/no-adoption-under-way.ts';
import { marksOf } from '../adopt/running/service-of.ts';
import type { Check } from '../api7/checks/check.ts';
import { dashboardImage, dpManagerImage, gatewayImage } from '../api7/images.ts';
import { PORTS } from '../api7/paths.ts';
import { SERVICE_FIELDS, type Service, servicesOn } from '../api7/services.ts';
import type { Steps } from '../core/task/task.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';
import { containerParams, specOf } from '../tasks/container/params.ts';
import { image } from '../tasks/image.ts';
import { soakedInBalancers } from '../traffic/gates/soaked-in-balancers.ts';
import type { Adopting } from './container-of.ts';
import { controlPlaneContainer } from './control-plane-service.ts';
import { dashboardOf } from './dashboard.ts';
import { dpManagerOf } from './dp-manager.ts';
import { gatewayContainer, gatewayFiles } from './gateway-container.ts';

type OnHost = Pick<InventoryHost, 'name' | 'address' | 'groups'>;

/**
 * Gates for adoption, before any host is changed. With `adopting`: the running containers can be taken over, and differ from the
 * inventory only in what adoption changes. Without: no adoption of an earlier run waits to be finished.
 *
 * @example yield* adoptionPreflight(inventory, host, vars.adopt ? {} : undefined);
 */
export function* adoptionPreflight(inventory: Inventory, host: OnHost, adopting: Adopting | undefined): Steps {
  for (const { gate } of adoptionChecks(inventory, host, adopting)) yield gate;
}

/** The same gates as checks, under their names for people. */
export function adoptionChecks(inventory: Inventory, host: OnHost, adopting: Adopting | undefined): readonly Check[] {
  const services = servicesOn(inventory, host).map(({ name }) => name);
  if (services.length === 0) return [];
  if (adopting === undefined) return [{ name: 'adoption', gate: noAdoptionUnderWay({ services }) }];
  const unmanaged = [...(adopting.unmanaged ?? [])];
  return services.map((service) => ({
    name: `adoption of ${marksOf(service).words}`,
    gate: adoptable({ ...targetOf(inventory, host, service), unmanaged }),
  }));
}

/** The last step of an adoption: the services serve, and have come through their soak. */
export function* adoptionsFinished(inventory: Inventory, host: OnHost, adopting: Adopting | undefined): Steps {
  if (adopting === undefined) return;
  yield* soakedInBalancers(inventory, host);
  for (const { name } of servicesOn(inventory, host)) yield adoptionFinished({ service: name });
}

/** What the services of a host were taken over from is removed. */
export function* adoptionsForgotten(inventory: Inventory, host: OnHost): Steps {
  for (const { name: service, container } of servicesOn(inventory, host)) yield nothingKept({ service, container });
}

function targetOf(inventory: Inventory, host: OnHost, service: Service['name']): Parameters<typeof adoptable>[0] {
  const { api7 } = inventory;
  // Its reference plays no part in the comparison.
  const spec = (params: object, ref: string) => specOf(containerParams.parse({ ...params, image: image({ ref }) }));
  if (service === 'gateway') {
    const { config, uid, targets } = gatewayFiles(inventory, host);
    const made = gatewayContainer(inventory, host);
    return {
      service,
      container: made.name,
      version: api7.version,
      spec: spec(made, gatewayImage(api7)),
      block: 'api7.gateway',
      ownTargets: targets,
      statusPort: `${PORTS.gateway.status}/tcp`,
      config,
      uid,
    };
  }
  const of = service === 'dashboard' ? dashboardOf(inventory) : dpManagerOf(inventory);
  const made = controlPlaneContainer(inventory, host, of);
  return {
    service,
    container: made.name,
    version: api7.version,
    spec: spec(made, service === 'dashboard' ? dashboardImage(api7) : dpManagerImage(api7)),
    block: `api7.${SERVICE_FIELDS[service]}`,
    ownTargets: [of.inImage],
    // The vendor's own defaults, beside those of the page on high availability.
    insidePorts: { '7080/tcp': `${PORTS.dashboard.http}/tcp`, '7900/tcp': `${PORTS.dpManager.http}/tcp` },
    config: { source: of.path, target: of.inImage, content: of.config.content },
  };
}
