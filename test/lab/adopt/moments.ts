import type { Phase } from '../../../src/adopt/record.ts';
import type { Service } from '../../../src/api7/services.ts';

/** When a run is killed while it adopts a service of a host. */
export type Moment =
  /** The phase is on the host's disk, its action not yet begun. */
  | { readonly at: 'recorded'; readonly phase: Phase }
  /** The Engine has carried the action out; its reply does not come back. */
  | { readonly at: 'acted'; readonly phase: Exclude<Phase, 'done'> }
  /** The new container is in service, and the adoption not yet recorded as done. */
  | { readonly at: 'soak'; readonly phase: 'started' };

export interface Kill {
  readonly service: Service['name'];
  readonly moment: Moment;
  /** The host is restarted before the next run. */
  readonly reboot?: true;
}

const recorded = (phase: Phase): Moment => ({ at: 'recorded', phase });
const acted = (phase: Exclude<Phase, 'done'>): Moment => ({ at: 'acted', phase });

const PHASES: readonly Exclude<Phase, 'done'>[] = ['prepared', 'policy', 'stopped', 'renamed', 'started'];

/** Of each phase both sides of its action. */
const MOMENTS: readonly Moment[] = [
  ...PHASES.flatMap((phase) => [recorded(phase), acted(phase)]),
  { at: 'soak', phase: 'started' },
  recorded('done'),
];

/** Between these the old container does not come back by itself, and the new one was never started. */
const DOWN: readonly Moment[] = [acted('policy'), acted('stopped'), acted('renamed')];

/** All kills of gateways. */
export const GATEWAY_KILLS: readonly Kill[] = [
  ...MOMENTS.map((moment): Kill => ({ service: 'gateway', moment })),
  ...DOWN.map((moment): Kill => ({ service: 'gateway', moment, reboot: true })),
];

/** The control plane goes through the same phases: both of its services, each at two of them. */
export const CONTROL_PLANE_KILLS: readonly Kill[] = [
  { service: 'dashboard', moment: acted('prepared') },
  { service: 'dashboard', moment: acted('stopped') },
  { service: 'dpManager', moment: recorded('renamed') },
  { service: 'dpManager', moment: acted('started') },
];

export const titleOf = ({ service, moment: { at, phase }, reboot }: Kill): string =>
  `${service}, ${at === 'soak' ? 'in the soak' : `${phase} ${at}`}${reboot ? ', then a reboot of its host' : ''}`;
