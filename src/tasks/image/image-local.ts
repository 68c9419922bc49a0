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
  /** Every id under which an Engine may report this image: its two image stores name one archive differently. */
  accepted: z.array(z.string()).readonly(),
  /** As images have it (`amd64`); `null` when not known. */
  architecture: z.string().nullable(),
});

export type ImageLocal = z.output<typeof imageLocal>;

/** The same knowledge, for a task that was given the image task. @throws NotYet while the image's parameters are not known */
export async function localOfImage(image: Task, io: LocalFiles): Promise<ImageLocal> {
  if (image.blocked !== undefined) throw new NotYet(image.blocked.why);
  return imageLocal.parse(await image.bound.local(io));
}

/** The id that an Engine reports, as the one by which the image is known here; any other image keeps its own. */
export const canonicalId = ({ id, accepted }: Pick<ImageLocal, 'id' | 'accepted'>, reported: string): string =>
  accepted.includes(reported) ? id : reported;
