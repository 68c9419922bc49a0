import { ensurePackages, packagePath } from '../build/packages.ts';
import type { Part } from '../build/stand-ins.ts';
import type { Lab } from '../lab.ts';
import { labHost } from '../plan/lab-file.ts';
import { must } from './must.ts';

/** Loads the images of the vendor's package on a host, as the vendor's page describes: the package is unpacked in `directory`. */
export async function loadImages(lab: Lab, host: string, part: Part, directory: string): Promise<void> {
  const { docker, file } = lab;
  await ensurePackages(docker, () => {});
  await must(lab, host, `mkdir -p ${directory}`);
  await docker
    .getContainer(labHost(file, host).container)
    .putArchive(packagePath(file.version, part), { path: directory });
  await must(
    lab,
    host,
    `cd ${directory} && for image in images/*.tar.gz; do docker load -q -i "$image"; done && rm -rf images VERSION`,
  );
}
