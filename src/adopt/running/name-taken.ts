import { CONTAINERS } from '../../api7/paths.ts';
import type { Service } from '../../api7/services.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { isOwn } from '../../tasks/container/labels.ts';
import { isCreatedAgain } from './created-again.ts';
import { type Refusal, refusal } from './refusal.ts';
import { shortName, typed } from './words.ts';

/**
 * Why the container that is to take over cannot have its name: an operator's container has it. `mayHave`: id of the one that is
 * taken over.
 */
export function nameTaken(
  service: Service['name'],
  there: ContainerInspect | null,
  mayHave: string,
): readonly Refusal[] {
  if (there === null || there.Id === mayHave || isOwn(there) || isCreatedAgain(there, mayHave)) return [];
  const name = shortName(there);
  const what = `${name}: it has the name of the new container, and api7-orch did not create it`;
  const hint = `give it another name, which stops nothing: docker rename ${typed(name, `${CONTAINERS[service]}-earlier`)}`;
  return [refusal('NAME', what, hint)];
}
