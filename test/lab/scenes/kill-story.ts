import { randomOf } from './day-seed.ts';

const STEPS = ['drain', 'waitIdle', 'apply', 'waitReady', 'restore', 'waitInService'] as const;

/** How a run is killed and resumed, as the seed draws it. */
export interface KillStory {
  readonly playbook: 'install' | 'rolling-restart';
  /** Killed after so many moments of this name. */
  readonly at: string;
  readonly times: number;
  readonly laterMs: number;
  /** From the second working folder. */
  readonly elsewhere: boolean;
  readonly byId: boolean;
}

/** Never at the last node: the run may be over before the signal arrives. */
export function killStory(seed: number, gateways: number): KillStory {
  const random = randomOf(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  // Of four consecutive seeds each pair is one.
  const playbook = seed % 4 < 2 ? 'rolling-restart' : 'install';
  // The control plane and the images of an installation change before the first node.
  const isTask = playbook === 'install' && random() < 0.5;
  return {
    playbook,
    at: isTask ? 'task changed' : `${pick(STEPS)} ${pick(['begun', 'ok'])}`,
    times: 1 + below(isTask ? 6 : gateways - 1),
    laterMs: below(1000),
    elsewhere: seed % 2 === 0,
    byId: random() < 0.5,
  };
}
