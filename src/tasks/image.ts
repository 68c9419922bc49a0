import { z } from 'zod';
import { defineTask } from '../core/task/define-task.ts';
import { NotYet } from '../core/task/later.ts';
import type { LocalFiles } from '../core/task/local-files.ts';
import { Task } from '../core/task/task.ts';
import { secretOrText } from './file/fields.ts';
import { findImage } from './image/find-image.ts';
import { acceptedOn, canonicalId, type ImageLocal } from './image/image-local.ts';
import { loadImage } from './image/load-image.ts';
import { pullForRun } from './image/pull-image.ts';
import { pullsOf, RunPulls } from './image/run-pulls.ts';
import { localOfPackage } from './package/package-local.ts';

const login = z.strictObject({ address: z.string().min(1), username: z.string().min(1), password: secretOrText });

const params = z.strictObject({
  ref: z.string().regex(/^[a-z0-9][\w.:/-]*(?:@sha256:[0-9a-f]{64})?$/, { error: 'must be an image reference' }),
  /** Package task whose archive contains the image; without it the host pulls. */
  from: z
    .instanceof(Task, { error: 'must be a package task' })
    .refine(({ type }) => type.kind === 'package', { error: 'must be a package task' })
    .optional(),
  /** The host's login to the registry. */
  login: login.optional(),
  /** Mirrors of that registry, `host[:port][/path]`, tried in this order before the registry itself. */
  mirrors: z.array(z.strictObject({ prefix: z.string().min(1), login: login.optional() })).optional(),
  /** Most concurrent pulls of the run, on all hosts. */
  atOnce: z.int().min(1).optional(),
  /** Member of the package, if its name does not show the image. */
  archive: z.string().min(1).optional(),
});

type Params = z.output<typeof params>;

/** With the shared pulls of the run, if the image is pulled. */
type Known = ImageLocal & { readonly pulls?: RunPulls };

/** The same id for both of Docker's image stores; for a pulled image its reference, because nothing else is known. */
type ImageState = { readonly id: string };

/**
 * An image on the host: exactly the one in a package, loaded from the unpacked files, or one that the host pulls. For a
 * pulled image an existing tag is enough. All hosts of a run that pull a tag get the same image, by its digest.
 *
 * @throws OrchError PACKAGE_LACKS, IMAGE_ARCHITECTURE, IMAGE_LOAD_FAILED, IMAGE_PULL_FAILED, REGISTRY_DENIED, DISK_FULL
 * @example yield image({ ref: 'api7/api7-ee-3-gateway:3.10.5', from: pkg });
 */
export const image = defineTask<typeof params, Known, ImageState, ImageState>({
  kind: 'image',
  params,
  impact: 'none',
  claim: (p) => `image:${p.ref}`,
  local,
  async read(p, host, known) {
    const [found, { arch }] = await Promise.all([host.docker.image(p.ref), host.facts()]);
    if (found === null) return null;
    const digests = (found.RepoDigests ?? []).map((name) => name.slice(name.indexOf('@') + 1));
    known.pulls?.keep({ host: host.name, ref: p.ref, digests });
    return { id: known.member === null ? known.id : canonicalId(known.id, acceptedOn(known, arch) ?? [], found.Id) };
  },
  want: (_p, _now, { local: known }) => ({ id: known.id }),
  async write(p, _change, host, known, report) {
    if (p.from === undefined || known.member === null) {
      await pullForRun(host, p, { pulls: known.pulls ?? new RunPulls(), report });
      return;
    }
    report.progress('loading');
    await loadImage(`${p.from.claim.slice('tree:'.length)}/${known.member}`, known, host);
  },
  result: ({ id }) => ({ id }),
});

async function local({ ref, from, archive }: Params, io: LocalFiles): Promise<Known> {
  if (from === undefined) return { ref, member: null, id: ref, platforms: [], pulls: pullsOf(io) };
  if (from.blocked !== undefined) throw new NotYet(from.blocked.why);
  const { member, id, platforms } = await findImage(io, await localOfPackage(from, io), ref, archive);
  return { ref, member, id, platforms };
}
