import type { Lab } from '../lab.ts';
import { labHost } from '../lab-file.ts';
import { ensurePackages, packagePath } from '../packages.ts';
import type { Part } from '../stand-ins.ts';
import { must } from './must.ts';

/** Loads the images of the vendor's package on a host, as his page says: the package is unpacked in `directory`. */
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
