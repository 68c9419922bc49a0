import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import type { Connection } from '../../core/host/connection.ts';
import { acceptedOn, canonicalId, type ImageLocal } from './image-local.ts';

/** Enough for a large image on a slow disk. */
const LIMIT_MS = 30 * 60_000;

/**
 * Loads an image from an archive on the host, and checks its id. Uses the host's own `docker load`: through the API the
 * archive would travel from the controller again.
 *
 * @throws OrchError IMAGE_ARCHITECTURE, IMAGE_LOAD_FAILED, DISK_FULL
 */
export async function loadImage(path: string, image: ImageLocal, host: Connection): Promise<void> {
  const accepted = await platformOf(image, host);
  if (await tagPresent(image, accepted, host)) return;
  const { code, stderr } = await host.run(
    { argv: ['docker', 'load', '--quiet', '--input', path] },
    { timeoutMs: LIMIT_MS },
  );
  if (code !== 0) throw notLoaded(path, image, code, stderr);
  if (await tagPresent(image, accepted, host)) return;
  throw new OrchError('IMAGE_LOAD_FAILED', `${path} was loaded, but ${image.ref} is not the image that it holds`, {
    hint: 'see with docker images what else on that host uses this tag',
  });
}

async function platformOf(image: ImageLocal, host: Connection): Promise<readonly string[]> {
  const { arch } = await host.facts();
  const accepted = acceptedOn(image, arch);
  if (accepted !== undefined) return accepted;
  const held = image.platforms.map(({ architecture }) => architecture).join(' and ');
  throw new OrchError('IMAGE_ARCHITECTURE', `image ${image.ref} is for ${held}, this host is ${arch}`, {
    hint: "give this host a package built for its architecture, or take it out of the inventory's group",
  });
}

/** Whether the reference names the image; tags an image that exists under another name. */
async function tagPresent(
  { ref, id }: ImageLocal,
  accepted: readonly string[],
  { docker }: Connection,
): Promise<boolean> {
  const found = await docker.image(ref);
  if (found !== null && canonicalId(id, accepted, found.Id) === id) return true;
  for (const one of accepted) {
    if ((await docker.image(one)) === null) continue;
    await docker.tag(one, ref);
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
