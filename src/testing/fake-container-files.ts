import type { ContainerFile } from '../core/host/docker.ts';
import type { FakeContainer } from './fake-container.ts';

/** A file as its process sees it. */
export const seenByFake = (container: FakeContainer | undefined, path: string): string | null =>
  container?.seen.get(path) ?? container?.own.get(path) ?? null;

/** A file as the Engine finds it: a mounted one is that which the host has now, whatever the process sees. */
export function fileInFake(
  container: FakeContainer | undefined,
  path: string,
  read: (source: string) => string | null,
): ContainerFile | null {
  const mounted = container?.body.HostConfig.Mounts?.find(({ Target }) => Target === path);
  const text = mounted === undefined ? (container?.own.get(path) ?? null) : read(mounted.Source);
  return text === null ? null : { content: Buffer.from(text), modifiedMs: 0 };
}
