import { z } from 'zod';
import { NotYet } from '../../core/task/later.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';
import type { Task } from '../../core/task/task.ts';

/** What the controller knows of an image before any host is asked. */
export const imageLocal = z.object({
  ref: z.string(),
  /** Member of the package that holds it; `null` for an image that is pulled. */
  member: z.string().nullable(),
  /** The one id by which it is known here. For a pulled image its reference: only the host knows the id behind that. */
  id: z.string(),
  /** The platforms that it is for, each with every id under which an Engine may report it: its two image stores differ. */
  platforms: z
    .array(z.object({ architecture: z.string().nullable(), accepted: z.array(z.string()).readonly() }))
    .readonly(),
});

export type ImageLocal = z.output<typeof imageLocal>;

/** The same knowledge, for a task that was given the image task. @throws NotYet while the image's parameters are not known */
export async function localOfImage(image: Task, io: LocalFiles): Promise<ImageLocal> {
  if (image.blocked !== undefined) throw new NotYet(image.blocked.why);
  return imageLocal.parse(await image.bound.local(io));
}

/** What `uname -m` calls an architecture, by its name among images. */
const MACHINES: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i686',
  ppc64le: 'ppc64le',
  s390x: 's390x',
};

/** What images call the architecture that `uname -m` names so. @example imageArchitecture('x86_64') // 'amd64' */
export const imageArchitecture = (machine: string): string =>
  Object.entries(MACHINES).find(([, name]) => name === machine)?.[0] ?? machine;

/** Ids of the image's platform that a host runs, by what its `uname -m` says; `undefined` when it is for others only. */
export function acceptedOn({ platforms }: Pick<ImageLocal, 'platforms'>, arch: string): readonly string[] | undefined {
  const fits = ({ architecture }: ImageLocal['platforms'][number]): boolean =>
    architecture === null || (MACHINES[architecture] ?? arch) === arch;
  return platforms.find(fits)?.accepted;
}

/** The id that an Engine reports, as the one by which the image is known here; any other image keeps its own. */
export const canonicalId = (id: string, accepted: readonly string[], reported: string): string =>
  accepted.includes(reported) ? id : reported;
