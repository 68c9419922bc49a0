/** Docker Hub, by the name that references have for it. */
export const HUB = 'docker.io';

/**
 * The registry that an image reference names.
 *
 * @example registryOf('localhost:5000/api7/gateway:1') // 'localhost:5000'; of 'api7/gateway:1' 'docker.io'
 */
export function registryOf(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const address = named ? first.toLowerCase() : HUB;
  return /^(?:index|registry-1)\.docker\.io$/.test(address) ? HUB : address;
}
