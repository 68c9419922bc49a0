/** Docker Hub's name in image references. */
export const HUB = 'docker.io';

/** Whether the first part of a reference names a registry, and not a folder of Docker Hub. */
export const isRegistryPart = (part: string): boolean => /[.:]/.test(part) || part === 'localhost';

/**
 * The registry of an image reference.
 *
 * @example registryOf('localhost:5000/api7/gateway:1') // 'localhost:5000'; of 'api7/gateway:1' 'docker.io'
 */
export function registryOf(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  const address = rest.length > 0 && isRegistryPart(first) ? first.toLowerCase() : HUB;
  return /^(?:index|registry-1)\.docker\.io$/.test(address) ? HUB : address;
}
