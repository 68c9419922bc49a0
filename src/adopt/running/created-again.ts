import type { ContainerInspect } from '../../core/host/docker.ts';

/** Label of a container that was created again from a killed one, with the id of that one. */
const LABEL = 'api7-orch.created-again';

export const createdAgainFrom = (killed: string): Readonly<Record<string, string>> => ({ [LABEL]: killed });

/** Whether the way back of an adoption created it again from the container with this id. */
export const isCreatedAgain = ({ Config }: Pick<ContainerInspect, 'Config'>, killed: string): boolean =>
  Config.Labels?.[LABEL] === killed;
