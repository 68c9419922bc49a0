import { SERVICE_FIELDS } from '../../api7/services.ts';
import { OWN_SETTINGS, pathUnder } from '../../inventory/own-settings.ts';
import type { Judged } from './judged.ts';
import { mountsOf } from './mounts.ts';
import { type Refusal, refusal } from './refusal.ts';
import { fileTargets } from './service-of.ts';
import { shortName } from './words.ts';

/** What is mounted into a container and cannot be given to another one by the inventory. */
export function judgeMounts({ found, marks, image }: Judged): readonly Refusal[] {
  const name = shortName(found);
  const { binds, anonymous, others } = mountsOf(found);
  const brought = image?.Config?.Volumes ?? {};
  const own: readonly string[] = OWN_SETTINGS[SERVICE_FIELDS[marks.service]].targets;
  const files = fileTargets(marks.service);
  const hiding = binds.filter(({ target }) => !files.includes(target) && pathUnder(own, target) !== undefined);
  const unnamed = anonymous.filter(({ Destination }) => !Object.hasOwn(brought, Destination));
  const lent = (found.HostConfig as { readonly VolumesFrom?: unknown }).VolumesFrom;
  return [
    ...unnamed.map(({ Destination, Source }) =>
      refusal(
        'ANONYMOUS_VOLUME',
        `${name}: ${Destination} is a volume without a name, which a new container does not get`,
        `copy ${Source} to a directory of the host and mount that by -v DIRECTORY:${Destination}`,
      ),
    ),
    ...others.map(({ Type, Destination, Source }) =>
      refusal(
        'MOUNT',
        `${name}: ${Destination} is a ${Type} mount; the inventory knows files and directories of the host`,
        `mount a directory of the host there${Type === 'volume' ? `, with a copy of ${Source}` : ''}`,
      ),
    ),
    ...hiding.map(({ source, target }) =>
      refusal(
        'MOUNT',
        `${name}: ${source} is mounted at ${target}, where api7-orch mounts files of its own`,
        `mount the configuration file itself (${files.join(', ')}), and everything else elsewhere`,
      ),
    ),
    ...(Array.isArray(lent) && lent.length > 0
      ? [
          refusal(
            'MOUNT',
            `${name}: it has the volumes of another container (--volumes-from)`,
            'mount directories of the host',
          ),
        ]
      : []),
  ];
}
