import { z } from 'zod';
import { NotYet } from '../../core/task/later.ts';
import type { LocalFiles } from '../../core/task/local-files.ts';
import type { Task } from '../../core/task/task.ts';

/** The controller's knowledge of an image before any host is read. */
const imageLocal = z.object({
  ref: z.string(),
  /** Member of the package that contains it; `null` for a pulled image. */
  member: z.string().nullable(),
  /** Its id in api7-orch. For a pulled image its reference: only the host knows the id. */
  id: z.string(),
  /** Its platforms, each with every id that an Engine may report: the two image stores differ. */
  platforms: z
    .array(z.object({ architecture: z.string().nullable(), accepted: z.array(z.string()).readonly() }))
    .readonly(),
});

export type ImageLocal = z.output<typeof imageLocal>;

/** The same for a given image task. @throws NotYet while the image's parameters are unknown */
export async function localOfImage(image: Task, io: LocalFiles): Promise<ImageLocal> {
  if (image.blocked !== undefined) throw new NotYet(image.blocked.why);
  return imageLocal.parse(await image.bound.local(io));
}

/** Names of `uname -m` by the images' names of architectures. */
const MACHINES: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i686',
  ppc64le: 'ppc64le',
  s390x: 's390x',
};

/** The images' name of an architecture, from `uname -m`. @example imageArchitecture('x86_64') // 'amd64' */
export const imageArchitecture = (machine: string): string =>
  Object.entries(MACHINES).find(([, name]) => name === machine)?.[0] ?? machine;

/** Ids of the image's platform for a host, by its `uname -m`; `undefined` if the image does not support it. */
export function acceptedOn({ platforms }: Pick<ImageLocal, 'platforms'>, arch: string): readonly string[] | undefined {
  const fits = ({ architecture }: ImageLocal['platforms'][number]): boolean =>
    architecture === null || (MACHINES[architecture] ?? arch) === arch;
  return platforms.find(fits)?.accepted;
}

/** An Engine's id mapped to the image's id in api7-orch; other images keep their own. */
export const canonicalId = (id: string, accepted: readonly string[], reported: string): string =>
  accepted.includes(reported) ? id : reported;
