import { OrchError } from '../core/base/errors.ts';
import { imageParts } from '../core/base/image-parts.ts';
import type { RegistryLogin } from '../core/host/docker.ts';

interface Refusal {
  readonly matches: RegExp;
  /** What happened, for this registry. */
  says(registry: string): string;
  hint(registry: string): string;
  readonly retryable?: boolean;
}

/** Messages of registries and Engines about a pull; the first match is used. */
const REFUSALS: readonly Refusal[] = [
  {
    matches: /toomanyrequests|too many requests|rate limit/i,
    says: (registry) => `${registry} refuses further pulls for now: its rate limit is reached`,
    hint: (registry) =>
      `wait, then run again; or give a login of ${registry} under api7.registries, or a mirror of it (mirrors)`,
  },
  {
    matches: /server gave HTTP response to HTTPS client/i,
    says: (registry) => `${registry} speaks HTTP without TLS, which the Docker Engine refuses`,
    hint: (registry) =>
      `give the registry a certificate; or list ${registry} under insecure-registries in /etc/docker/daemon.json of that host`,
  },
  {
    matches: /x509:|certificate|tls: /i,
    says: (registry) => `the host does not accept the certificate of ${registry}`,
    hint: (registry) =>
      `put the certificate authority of the registry in /etc/docker/certs.d/${registry}/ca.crt on that host; check its name and its expiry`,
  },
  {
    matches:
      /timeout|timed out|deadline exceeded|connection re(?:set|fused)|connect: |temporar|EOF|no such host|server misbehaving|no route to host/i,
    says: (registry) => `${registry} cannot be reached from this host`,
    hint: (registry) =>
      `check name resolution, firewall and proxy between that host and ${registry}; or name a mirror that it reaches`,
    retryable: true,
  },
  {
    matches: /manifest unknown|name unknown|not found|repository does not exist/i,
    says: (registry) => `${registry} has no such image`,
    hint: () => 'check the name and the tag; an image that was pinned by its digest may have been deleted: run again',
  },
];

/** Messages of registries, and of Engines, for a missing or wrong login. */
const UNAUTHORIZED =
  /unauthorized|authentication required|no basic auth credentials|incorrect username or password|pull access denied|\b40[13] (?:unauthorized|forbidden)|\bdenied\b/i;

/**
 * The error of a refused pull: one clear sentence, then the registry's own message.
 *
 * @returns OrchError REGISTRY_DENIED, DISK_FULL or IMAGE_PULL_FAILED
 * @example throw pullRefused('x:1', 'pull image x:1', 'unauthorized', undefined)
 */
export function pullRefused(ref: string, doing: string, words: string, login: RegistryLogin | undefined): OrchError {
  const { registry, path } = imageParts(ref);
  // An image's name may contain any word, so it must not match.
  const said = words.replaceAll(ref, '').replaceAll(path, '');
  if (/no space left on device/i.test(said))
    return new OrchError('DISK_FULL', `${doing}: ${words}`, { hint: SPACE_HINT });
  // A rate limit may mention unauthenticated pulls, so limits are matched first.
  const known = REFUSALS.find(({ matches }) => matches.test(said));
  if (known !== REFUSALS[0] && UNAUTHORIZED.test(said)) return loginRefused(registry, doing, words, login);
  if (known === undefined)
    return new OrchError('IMAGE_PULL_FAILED', `${doing}: ${words}`, {
      hint: 'check the name and tag, and that the host reaches the registry and may read from it; or install from a package',
    });
  return new OrchError('IMAGE_PULL_FAILED', `${doing}: ${known.says(registry)}: ${words}`, {
    hint: known.hint(registry),
    retryable: known.retryable,
  });
}

/** Hint if an image does not fit on the disk. */
export const SPACE_HINT =
  'free space there (docker system df shows what uses it); docker image prune -a removes all images that no container uses: a node can then go back to none of them without a pull';

/** A registry also answers "denied" for a missing image, to hide which ones exist. */
function loginRefused(address: string, doing: string, words: string, login: RegistryLogin | undefined): OrchError {
  if (login === undefined)
    return new OrchError(
      'REGISTRY_DENIED',
      `${doing}: ${address} wants a login, and no login for ${address} was given: ${words}`,
      {
        hint: `add the login of ${address} to api7.registries in the inventory, and check the name and tag; or install from a package`,
      },
    );
  const from = login.from ?? `api7.registries.${address} in the inventory`;
  return new OrchError(
    'REGISTRY_DENIED',
    `${doing}: ${address} refused the login of ${login.username} (${from}): ${words}`,
    {
      hint: `correct username and password of ${address} in ${from}; check the name and tag, and that this user may read it`,
    },
  );
}
