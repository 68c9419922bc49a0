import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RELEASES, recordRelease } from '../test/laws/release.ts';

// Records what this version makes of its inventories: test/laws/releases.test.ts checks that no later version changes
// it.
// Usage: node scripts/record-release.ts VERSION [VERSION TO TAKE THE INVENTORIES OF]

const [version, from = version] = process.argv.slice(2);
if (version === undefined || from === undefined) throw new Error('usage: record-release.ts VERSION [FROM]');
for (const name of readdirSync(join(RELEASES, from))) {
  const folder = join(RELEASES, version, name);
  mkdirSync(folder, { recursive: true });
  if (from !== version) cpSync(join(RELEASES, from, name, 'inventory.yaml'), join(folder, 'inventory.yaml'));
  writeFileSync(join(folder, 'hosts.json'), `${JSON.stringify(await recordRelease(folder), null, 2)}\n`);
}
