import { quote } from '../../core/base/argv.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { type Refusal, refusal } from './refusal.ts';
import { marksOfImage, type ServiceMarks } from './service-of.ts';
import { shortName, typed } from './words.ts';

/** A systemd unit of the host that starts containers. */
export interface ContainerUnit {
  readonly path: string;
  /** Words of its commands. */
  readonly words: ReadonlySet<string>;
}

const DIRECTORIES = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** Bytes of all these units together. */
const SIZE = 256 * 1024;

/** Begins the text of a unit: no line of one begins so. */
const HEAD = '\u0001unit ';

/** @param root for tests: where these directories are found */
const script = (root: string): string => `export LC_ALL=C
find ${DIRECTORIES.map((path) => quote(root + path)).join(' ')} -maxdepth 1 -type f -size -64k -name '*.service' -exec grep -lE '^Exec[A-Za-z]*=.*(docker|podman)' {} + 2>/dev/null |
while read -r unit; do printf '\\n%s%s\\n' ${quote(HEAD)} "$unit"; cat "$unit"; done 2>/dev/null | head -c ${SIZE}`;

const TIMEOUT_MS = 30_000;

/** The units of a host that run Docker's client. Nothing is started but find, grep and cat. */
export async function containerUnits(host: Pick<Reader, 'test'>, root = ''): Promise<readonly ContainerUnit[]> {
  const { stdout } = await host.test({ script: script(root) }, { timeoutMs: TIMEOUT_MS });
  return stdout
    .split(`\n${HEAD}`)
    .slice(1)
    .map((text) => {
      const end = text.indexOf('\n');
      const path = text.slice(0, end);
      return { path, words: wordsOf(text.slice(end + 1), path) };
    });
}

/** Words of the commands, with the unit's own name where systemd puts it. */
function wordsOf(text: string, path: string): ReadonlySet<string> {
  const unit = path.slice(path.lastIndexOf('/') + 1);
  const name = unit.replace(/\.service$/, '');
  const commands = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^Exec\w*=/.test(line));
  const words = commands.flatMap((line) => line.split(/[\s='"]+/));
  return new Set(words.map((word) => word.replaceAll('%n', unit).replaceAll(/%[Np]/g, name)));
}

/** The unit that runs a container: it names the container, or the image of that service. */
export function unitRefusal(
  found: ContainerInspect,
  marks: ServiceMarks,
  units: readonly ContainerUnit[],
): readonly Refusal[] {
  const name = shortName(found);
  const owner = units.find(
    ({ words }) => words.has(name) || [...words].some((word) => marksOfImage(word.slice(0, 1000)) === marks),
  );
  if (owner === undefined) return [];
  const { path } = owner;
  const release = `mv ${typed(path, `${path}.released`)}; then: systemctl daemon-reload`;
  return [
    refusal(
      'SYSTEMD',
      `${name}: it is run by the unit ${path}, which would start it again`,
      `release it, which stops nothing: ${release}; or pass --unmanaged ${typed(name)}`,
    ),
  ];
}
