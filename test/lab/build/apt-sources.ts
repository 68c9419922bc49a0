import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const fallback = 'http://deb.debian.org/debian';

export interface AptSources {
  /** The source that debootstrap reads from. */
  readonly mirror: string;
  /** The content of /etc/apt/sources.list for Debian 12. */
  readonly list: string;
}

/**
 * Where this machine gets Debian 12 from, so that a lab behind a mirror builds too. Debian's own servers if the machine is not a
 * Debian 12.
 * @example (await aptSources()).mirror // 'http://deb.debian.org/debian'
 */
export async function aptSources(): Promise<AptSources> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const targets = await promisify(execFile)('apt-get', ['indextargets', '--format', format, 'Identifier: Packages'])
    .then(({ stdout }) => stdout)
    .catch(() => '');
  return sourcesFrom(targets);
}

/** Pure part of {@link aptSources}: lines with the URI, the suite and its parts. */
export function sourcesFrom(targets: string): AptSources {
  const lines = targets
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([uri, suite, component]) => uri && /^bookworm(-updates|-security)?$/.test(suite ?? '') && component === 'main',
    );
  const mirror = lines.find(([, suite]) => suite === 'bookworm')?.[0]?.replace(/\/$/, '');
  if (!mirror) return { mirror: fallback, list: `deb ${fallback} bookworm main\n` };
  return { mirror, list: lines.map(([uri, suite]) => `deb ${uri} ${suite} main\n`).join('') };
}
