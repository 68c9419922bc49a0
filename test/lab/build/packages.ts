import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type Docker from 'dockerode';
import { paths } from '../paths.ts';
import { withLock } from '../plan/with-lock.ts';
import { type ArchiveLayer, archiveLayer, imageArchive } from './image-archive.ts';
import { standInBaseLayer, standInBaseReference } from './stand-in-base.ts';
import { faultyVersions, type Part, type StandIn, standIns, versions } from './stand-ins.ts';
import { type TarEntry, tarBytes } from './tar-bytes.ts';

const compress = promisify(gzip);
const parts: readonly Part[] = ['cp', 'dp'];
// Increase it when the contents of packages change outside recipes/stand-in.
const format = 2;

/** Where the package of a part and version is. @example packagePath('3.10.5', 'cp') */
export function packagePath(version: string, part: Part): string {
  return join(paths.packages, `api7-${version}-${part}.tar.gz`);
}

/**
 * Builds `api7-<version>-cp.tar.gz` and `-dp.tar.gz` for every version that is missing or whose stand-ins have changed since. A
 * package holds `VERSION` and `images/<name>-<tag>.tar.gz`.
 * @example await ensurePackages(docker, console.error)
 */
export async function ensurePackages(docker: Docker, note: (line: string) => void): Promise<void> {
  const stampFile = join(paths.packages, 'stamp');
  const stamp = `${format} ${await standInBaseReference()}\n`;
  const current = async () => {
    const files = versions.flatMap((version) => parts.map((part) => packagePath(version, part)));
    const there = await Promise.all(
      files.map((file) =>
        access(file).then(
          () => true,
          () => false,
        ),
      ),
    );
    return there.every(Boolean) && (await readFile(stampFile, 'utf8').catch(() => '')) === stamp;
  };
  if (await current()) return;
  await mkdir(paths.packages, { recursive: true });
  await withLock(join(paths.cache, 'packages.lock'), async () => {
    if (await current()) return;
    const architecture = (await docker.version()).Arch;
    const base = await archiveLayer(await standInBaseLayer(docker, note));
    note(`writing the packages of ${versions.length} versions`);
    for (const version of versions) {
      for (const part of parts) await writePackage(version, part, architecture, base);
    }
    await writeFile(stampFile, stamp);
  });
}

async function writePackage(version: string, part: Part, architecture: string, base: ArchiveLayer): Promise<void> {
  const entries: TarEntry[] = [{ name: 'VERSION', content: `${version}\n` }];
  for (const standIn of standIns.filter((candidate) => candidate.part === part)) {
    entries.push(await standInArchive(standIn, version, architecture, base));
  }
  const path = packagePath(version, part);
  // The contents are compressed already.
  await writeFile(`${path}.new`, await compress(await tarBytes(entries), { level: 0 }));
  await rename(`${path}.new`, path);
}

async function standInArchive(
  { part, repository, tag, config, files }: StandIn,
  version: string,
  architecture: string,
  base: ArchiveLayer,
): Promise<TarEntry> {
  const reported: TarEntry[] = [{ name: 'opt/stand-in/VERSION', content: `${version}\n` }];
  const fault = new Map<string, string>(Object.entries(faultyVersions)).get(version);
  if (fault && part === 'dp') reported.push({ name: 'opt/stand-in/FAULT', content: `${fault}\n` });
  const top = await tarBytes([...files, ...reported]);
  const layers = [base, await archiveLayer(top)];
  const reference = `${repository}:${tag(version)}`;
  const content = await imageArchive({ reference, architecture, config, layers });
  return { name: `images/${repository.split('/').at(-1)}-${tag(version)}.tar.gz`, content };
}
