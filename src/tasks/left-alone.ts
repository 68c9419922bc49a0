import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Automation, Reader } from '../core/host/connection.ts';
import { nameOrId } from '../core/host/container-name.ts';
import { defineGate } from '../core/task/define-gate.ts';

const params = z.strictObject({
  /** The part of the host that other tools must not change: its containers and Engine, or its balancer. */
  of: z.enum(['containers', 'balancer']),
});

type Params = z.output<typeof params>;

interface Seen {
  readonly host: string;
  readonly automation: Automation;
  /** Names of containers that update other containers. */
  readonly watchtowers: readonly string[];
}

/**
 * Gate, one reading: no automation on the host changes what a run relies on. It only warns: the host belongs to its
 * owner.
 *
 * @example yield leftAlone({ of: 'containers' });
 */
export const leftAlone = defineGate<typeof params, Seen>({
  kind: 'leftAlone',
  params,
  title: ({ of }) => `nothing else changes the ${of}`,
  onTimeout: 'warn',
  async look({ of }, host) {
    const [automation, watchtowers] = await Promise.all([
      host.automation(),
      of === 'containers' ? watchtowersOn(host) : [],
    ]);
    return { host: host.name, automation, watchtowers };
  },
  met: (p, seen) => findings(p, seen).length === 0,
  unmet: (p, seen) => new OrchError('GATE_UNMET', `${seen.host}: ${findings(p, seen).join('; ')}`, { host: seen.host }),
});

async function watchtowersOn(host: Reader): Promise<readonly string[]> {
  const containers = await host.docker.containers();
  return containers
    .filter(({ Image, State }) => /(^|\/)watchtower(:|@|$)/.test(Image) && State === 'running')
    .map(({ Names, Id }) => nameOrId(Names[0], Id));
}

/** The findings, each with a hint. */
function findings({ of }: Params, { automation, watchtowers }: Seen): readonly string[] {
  const { prunes, upgrades, managers } = automation;
  const found = (names: readonly string[], what: string): readonly string[] =>
    names.length === 0 ? [] : [`${names.join(', ')} ${what}`];
  if (of === 'balancer')
    return found(
      managers,
      "may reload the balancer during a run, which can lose a drain: pause it while api7-orch runs, or keep it from the balancer's configuration",
    );
  return [
    ...found(
      prunes,
      'runs docker prune, which removes stopped containers and the images to go back to: remove it, or add --filter "label!=api7-orch.spec" and leave images out',
    ),
    ...found(
      watchtowers,
      'replaces containers without a drain (watchtower): stop it on this host, or exclude the containers of API7 by its label com.centurylinklabs.watchtower.enable=false',
    ),
    ...found(
      upgrades,
      'is upgraded by unattended-upgrades, which restarts the Engine and its containers without a drain: apt-mark hold it, or add it to Unattended-Upgrade::Package-Blacklist',
    ),
    ...found(managers, 'may change files and restart services here during a run: pause it while api7-orch runs'),
  ];
}
