import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import type { Connection } from '../../core/host/connection.ts';
import { canonicalId, type ImageLocal } from './image-local.ts';

/** A large image on a slow disk. */
const LIMIT_MS = 30 * 60_000;

/** What `uname -m` calls an architecture, by its name among images. */
const MACHINES: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  '386': 'i686',
  ppc64le: 'ppc64le',
  s390x: 's390x',
};

/**
 * Loads an image from an archive that is on the host already, and checks by its id that it is the right one. The
 * archive goes to the Engine by the host's own `docker load`: over the API it would travel from here once more.
 *
 * @throws OrchError IMAGE_ARCHITECTURE, IMAGE_LOAD_FAILED, DISK_FULL
 */
export async function loadImage(path: string, image: ImageLocal, host: Connection): Promise<void> {
  await refuseForeign(image, host);
  if (await tagPresent(image, host)) return;
  const { code, stderr } = await host.run(
    { argv: ['docker', 'load', '--quiet', '--input', path] },
    { timeoutMs: LIMIT_MS },
  );
  if (code !== 0) throw notLoaded(path, image, code, stderr);
  if (await tagPresent(image, host)) return;
  throw new OrchError('IMAGE_LOAD_FAILED', `${path} was loaded, but ${image.ref} is not the image that it holds`, {
    hint: 'see with docker images what else on that host uses this tag',
  });
}

async function refuseForeign({ ref, architecture }: ImageLocal, host: Connection): Promise<void> {
  const { arch } = await host.facts();
  const wanted = architecture === null ? arch : (MACHINES[architecture] ?? arch);
  if (wanted !== arch)
    throw new OrchError('IMAGE_ARCHITECTURE', `image ${ref} is for ${architecture}, this host is ${arch}`, {
      hint: "give this host a package built for its architecture, or take it out of the inventory's group",
    });
}

/** Whether the reference names the image; one that is there under another name is given it. */
async function tagPresent(image: ImageLocal, { docker }: Connection): Promise<boolean> {
  const found = await docker.image(image.ref);
  if (found !== null && canonicalId(image, found.Id) === image.id) return true;
  for (const id of image.accepted) {
    if ((await docker.image(id)) === null) continue;
    await docker.tag(id, image.ref);
    return true;
  }
  return false;
}

function notLoaded(path: string, { ref }: ImageLocal, code: number | null, stderr: string): OrchError {
  const details = lastChars(stderr);
  if (/no space left on device/i.test(stderr))
    return new OrchError('DISK_FULL', `loading ${ref} from ${path}: no space left in Docker's data root`, {
      hint: 'free space there (docker system df shows what uses it)',
      details,
    });
  return new OrchError('IMAGE_LOAD_FAILED', `docker load of ${path} ended with ${code ?? 'a signal'}`, {
    hint: code === 127 ? "install Docker's command line on that host" : 'read the message of docker load',
    details,
  });
}
