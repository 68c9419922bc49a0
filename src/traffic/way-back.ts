import { type AdoptedFrom, adoptedFrom, givenBack } from '../adopt/given-back.ts';
import { GATEWAY_ID_FILES } from '../api7/paths.ts';
import { oldGates, readyGates } from '../api7/ready-gates.ts';
import { serviceStop } from '../api7/service-stop.ts';
import { type Service, servicesOn } from '../api7/services.ts';
import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { Steps } from '../core/task/task.ts';
import { goBack } from '../tasks/go-back.ts';
import { previousStates } from '../tasks/previous-states.ts';
import type { NodeBalancing } from './pool-member.ts';
import type { TrafficContext } from './traffic-context.ts';

/** All services of the node, also those that no balancer sends requests to: they were changed together. */
function servicesOf({ inventory }: TrafficContext, { node, services }: NodeBalancing): readonly Service[] {
  const host = inventory.hosts.get(node);
  return host === undefined ? services : servicesOn(inventory, host);
}

/** Services of the node whose adoption is not finished: the container that each ran in before is there, or can be made again. */
function* underAdoption(
  context: TrafficContext,
  place: NodeBalancing,
): Steps<readonly { readonly service: Service; readonly old: AdoptedFrom }[]> {
  const found: { readonly service: Service; readonly old: AdoptedFrom }[] = [];
  for (const service of servicesOf(context, place)) {
    const old = yield* adoptedFrom({ service: service.name });
    if (old !== undefined) found.push({ service, old });
  }
  return found;
}

/** Checks that the node has an earlier state to go back to. @throws OrchError NO_WAY_BACK */
export function* hasWayBack(context: TrafficContext, place: NodeBalancing): Steps {
  if ((yield* underAdoption(context, place)).length > 0) return;
  const gateway = place.services.find(({ name }) => name === 'gateway');
  if (gateway === undefined)
    throw new OrchError('NO_WAY_BACK', 'not rolled back: no container of the control plane was adopted', {
      host: place.node,
    });
  const { container } = gateway;
  const { states, why } = yield* previousStates({ container });
  if (!states.some(({ isBefore }) => isBefore))
    throw new OrchError('NO_WAY_BACK', `not rolled back: ${why ?? `${container} runs what it ran before`}`, {
      host: place.node,
    });
}

/** Starts again what the node ran before: the container of an unfinished adoption, else the recorded previous state. */
export function* wayBack(context: TrafficContext, place: NodeBalancing): Steps {
  const { inventory, gaveBack } = context;
  const adopted = yield* underAdoption(context, place);
  for (const { service, old } of adopted) {
    const { name, container } = service;
    const uidFile = name === 'gateway' ? GATEWAY_ID_FILES : undefined;
    yield givenBack({
      service: name,
      container,
      ...serviceStop(inventory, { name: place.node }, name),
      ...defined({ uidFile }),
    });
    gaveBack.set(`${place.node} ${name}`, old);
  }
  const gateway = place.services.find(({ name }) => name === 'gateway');
  if (adopted.length === 0 && gateway !== undefined) yield goBack({ container: gateway.container });
}

/** Gates of a node that was changed. A container that runs again as its user started it need not publish the status port. */
export function* readyAfter(context: TrafficContext, place: NodeBalancing): Steps {
  const { inventory, gaveBack } = context;
  const { node, services } = place;
  const oldOf = ({ name }: Service): AdoptedFrom | undefined => gaveBack.get(`${node} ${name}`);
  yield* readyGates(
    inventory,
    node,
    services.filter((service) => oldOf(service) === undefined),
  );
  for (const service of servicesOf(context, place)) {
    const old = oldOf(service);
    if (old !== undefined) yield* oldGates(service, old);
  }
}
