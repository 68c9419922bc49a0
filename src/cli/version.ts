import { readFileSync } from 'node:fs';

/** The package's version. Its package.json is two directories above the sources, and three above the build. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (
        parsed !== null &&
        typeof parsed === 'object' &&
        'name' in parsed &&
        'version' in parsed &&
        parsed.name === 'api7-orch'
      )
        return String(parsed.version);
    } catch {
      // Try the other directory.
    }
  }
  return 'unknown';
}
