import { z } from 'zod';
import { jsonAs } from '../../core/base/attempt.ts';
import { OrchError } from '../../core/base/errors.ts';
import { registryOf } from '../../core/base/registry-of.ts';
import { Secret, SHORTEST_SECRET } from '../../core/base/secret.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { RegistryLogin } from '../../core/host/docker.ts';

/** File of root's `docker login`. */
export const DOCKER_CONFIG = '/root/.docker/config.json';

/** A registry's login in a host's own Docker configuration. */
export interface HostLogin {
  readonly login?: RegistryLogin;
  /** Why it has no usable login although it has an entry. */
  readonly note?: string;
}

const text = z.string().optional();
const dockerConfig = z.object({
  auths: z.record(z.string(), z.object({ auth: text, username: text, password: text, identitytoken: text })).optional(),
  credsStore: text,
  credHelpers: z.record(z.string(), z.string()).optional(),
});

/** Keys are addresses, or URLs of an older registry API: `https://index.docker.io/v1/`. */
const addressOf = (key: string): string => registryOf(`${key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')}/any`);

const entryOf = <T>(entries: Readonly<Record<string, T>> | undefined, address: string): T | undefined =>
  Object.entries(entries ?? {}).find(([key]) => addressOf(key) === address)?.[1];

/**
 * Root's login on a host for a registry, as `docker login` stored it. Does not run credential helpers: they are
 * programs of the host with their own state.
 */
export async function hostLogin(host: Reader, address: string): Promise<HostLogin> {
  const from = `${DOCKER_CONFIG} on ${host.name}`;
  const content = await host.read(DOCKER_CONFIG).catch((error: unknown) => {
    // Only root can read root's home.
    if (error instanceof OrchError && error.code === 'PERMISSION_DENIED') return null;
    throw error;
  });
  if (content === null) return {};
  const parsed = jsonAs(dockerConfig, content.toString('utf8'));
  if (parsed === undefined) return { note: `${from} is not a Docker configuration` };
  const { auth = '', identitytoken, ...fields } = entryOf(parsed.auths, address) ?? {};
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const username = fields.username ?? decoded.slice(0, Math.max(0, colon));
  // `auth` may be padded with zero bytes.
  const password = fields.password ?? decoded.slice(colon + 1).replace(/\0+$/, '');
  const helper = entryOf(parsed.credHelpers, address) ?? parsed.credsStore;
  const secret = identitytoken || password;
  if (secret === '')
    return helper === undefined
      ? {}
      : { note: `${from} names the credential helper docker-credential-${helper}, which api7-orch does not run` };
  if (secret.length < SHORTEST_SECRET)
    return {
      note: `the password in ${from} has fewer than ${SHORTEST_SECRET} characters and cannot be masked: it is not used`,
    };
  // The encoded form is a secret too.
  Secret.of(auth);
  const token = identitytoken ? { token: Secret.of(identitytoken) } : {};
  return { login: { address, username: username || '<token>', password: Secret.of(password), ...token, from } };
}
