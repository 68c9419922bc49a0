import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changesOn, RELEASES, statesOn } from './release.ts';

// Each folder is an inventory of a release and the hosts that the release made of it, recorded by scripts/record-release.ts. A
// newer default is no reason to restart a fleet: it applies to containers that are created anyway.
const folders = readdirSync(RELEASES).flatMap((version) =>
  readdirSync(join(RELEASES, version)).map((name) => join(version, name)),
);

test('releases are recorded, with all three services', () => {
  expect(folders.length).toBeGreaterThan(1);
  for (const folder of folders)
    for (const container of ['api7-dashboard', 'api7-dp-manager', 'api7-gateway'])
      expect(readFileSync(join(RELEASES, folder, 'hosts.json'), 'utf8')).toContain(`"name": "${container}"`);
});

test.each(folders)('the inventory of release %s changes nothing on its recorded hosts', async (folder) => {
  expect(await changesOn(join(RELEASES, folder))).toEqual([]);
});

test.each(folders)(
  'a container of release %s has the same digest for that release and for this one',
  async (folder) => {
    const { before, now } = await statesOn(join(RELEASES, folder));
    expect(now).toEqual(before);
  },
);
