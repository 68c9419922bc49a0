import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import type { ContainerFile, EngineInfo, ImageInspect } from '../../../src/core/host/docker.ts';
import { containerInspect, containerSummaries, imageInspect } from '../../../src/docker/replies.ts';
import { FakeDocker } from '../../../src/testing/fake-docker.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';

type Inspect = z.output<typeof containerInspect>;

/** A container as a real Engine showed it: `scripts/record-running.ts` recorded it. */
export interface Recorded {
  readonly summary: z.output<typeof containerSummaries>[number];
  readonly container: Inspect;
  readonly image: z.output<typeof imageInspect>;
}

export function recorded(name: string, change: (document: Recorded) => Recorded = (same) => same): Recorded {
  const text = readFileSync(new URL(`../../fixtures/running/${name}.json`, import.meta.url), 'utf8');
  const { summary, container, image } = JSON.parse(text);
  const [parsed] = containerSummaries.parse([summary]);
  if (parsed === undefined) throw new Error('no summary');
  return change({ summary: parsed, container: containerInspect.parse(container), image: imageInspect.parse(image) });
}

export const UID = '2b1f7c1e-59a6-4a33-9d0c-2f6f1c6a9a01';
export const CONFIG = '/usr/local/apisix/conf/config.yaml';
const UID_FILE = '/usr/local/apisix/conf/apisix.uid';

export interface Around {
  readonly name?: string;
  readonly haproxy?: () => string;
  /** Contents of files as their process sees them, in place of the usual ones. */
  readonly seen?: Readonly<Record<string, string>>;
  /** As the Engine reads them; `null`: nothing is there. Default: as their process sees them. */
  readonly onDisk?: Readonly<Record<string, string | null>>;
  readonly modifiedMs?: number;
  /** The image that a reference has now. */
  readonly image?: (ref: string) => ImageInspect | null | undefined;
  readonly info?: Partial<EngineInfo>;
  /** Paths of files of the host. */
  readonly files?: readonly string[];
  /** What its systemd units are. */
  readonly units?: string;
}

/** A host that runs recorded containers. Writing to it fails. */
export function recordedHost(documents: readonly Recorded[], around: Around = {}): FakeHost {
  const seen: Readonly<Record<string, string>> = { [CONFIG]: 'apisix: {}\n', [UID_FILE]: `${UID}\n`, ...around.seen };
  const file = async (_name: string, path: string): Promise<ContainerFile | null> => {
    const text = around.onDisk?.[path] === undefined ? seen[path] : around.onDisk[path];
    return text === undefined || text === null
      ? null
      : { content: Buffer.from(text), modifiedMs: around.modifiedMs ?? 0 };
  };
  const docker = Object.assign(new FakeDocker({ files: { read: () => null }, info: around.info ?? {} }), {
    containers: async () => documents.map(({ summary }) => summary),
    container: async (id: string) => documents.find(({ container }) => container.Id === id)?.container ?? null,
    image: async (ref: string) => {
      const own = around.image?.(ref);
      return own === undefined ? (documents[0]?.image ?? null) : own;
    },
    file,
  });
  const host = new FakeHost({
    name: around.name ?? 'gw-1',
    docker,
    ...(around.haproxy && { haproxy: around.haproxy }),
    command: () => ({ code: 0, stdout: around.units ?? '' }),
  });
  const root = { mode: '0644', owner: 'root', group: 'root' };
  const put = (path: string, text: string): void => {
    host.files.makeDirectory(dirname(path), root);
    host.files.write(path, Buffer.from(text), root);
  };
  for (const { container } of documents)
    for (const [path, text] of Object.entries(seen)) put(`/proc/${container.State.Pid}/root${path}`, text);
  for (const path of around.files ?? []) put(path, '');
  host.onWrite = () => {
    throw new Error('a host that is only looked at was written to');
  };
  return host;
}
