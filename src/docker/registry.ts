import { HUB } from '../core/base/registry-of.ts';
import { reveal } from '../core/base/secret.ts';
import type { RegistryLogin } from '../core/host/docker.ts';

/** The Engine's login header for one request: https://docs.docker.com/reference/api/engine/#section/Authentication */
export function registryAuth({ address, username, password, token }: RegistryLogin): Readonly<Record<string, string>> {
  // Engines know Docker Hub only by the address of its index.
  const serveraddress = address === HUB ? 'https://index.docker.io/v1/' : address;
  const who = token === undefined ? { username, password: reveal(password) } : { identitytoken: reveal(token) };
  const login = JSON.stringify({ ...who, serveraddress });
  // Base64 for URLs, with padding: an Engine treats any other form as no login.
  const base64 = Buffer.from(login).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return { 'X-Registry-Auth': base64 };
}
