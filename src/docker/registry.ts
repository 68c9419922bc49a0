import { HUB } from '../core/base/registry-of.ts';
import { reveal } from '../core/base/secret.ts';
import type { RegistryLogin } from '../core/host/docker.ts';

/** The header by which the Engine logs in for one request: https://docs.docker.com/reference/api/engine/#section/Authentication */
export function registryAuth({ address, username, password, token }: RegistryLogin): Readonly<Record<string, string>> {
  // Docker Hub is known to an Engine by the address of its index alone.
  const serveraddress = address === HUB ? 'https://index.docker.io/v1/' : address;
  const who = token === undefined ? { username, password: reveal(password) } : { identitytoken: reveal(token) };
  const login = JSON.stringify({ ...who, serveraddress });
  // For URLs, and padded: an Engine takes any other form for no login at all.
  const base64 = Buffer.from(login).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return { 'X-Registry-Auth': base64 };
}
