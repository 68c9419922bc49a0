import type { Lab } from '../lab.ts';
import { LabError } from '../lab-error.ts';

/** Runs a script on a host as root. @throws LabError when it fails */
export async function must(lab: Lab, host: string, script: string): Promise<string> {
  const { code, out, err } = await lab.exec(host, `set -e\n${script}`);
  if (code !== 0) throw new LabError(`${host}: a script failed with ${code}`, { log: `${out}${err}` });
  return out;
}

/** A file on a host, whatever characters it has. */
export const put = (lab: Lab, host: string, path: string, text: string): Promise<string> =>
  must(
    lab,
    host,
    `mkdir -p "$(dirname '${path}')" && echo ${Buffer.from(text).toString('base64')} | base64 -d >'${path}'`,
  );
