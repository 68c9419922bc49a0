import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changesOn, RELEASES, statesOn } from './release.ts';

// Each folder is an inventory of a release and what that release made of it, recorded by scripts/record-release.ts. A
// default that is new since then is no reason to restart a fleet: it holds for containers that are created anyway.
const folders = readdirSync(RELEASES).flatMap((version) =>
  readdirSync(join(RELEASES, version)).map((name) => join(version, name)),
);

test('releases are recorded, with all three services', () => {
  expect(folders.length).toBeGreaterThan(1);
  for (const folder of folders)
    for (const container of ['api7-dashboard', 'api7-dp-manager', 'api7-gateway'])
      expect(readFileSync(join(RELEASES, folder, 'hosts.json'), 'utf8')).toContain(`"name": "${container}"`);
});

test.each(folders)(
  'nothing is to be changed on what release %s made, by the inventory of that release',
  async (folder) => {
    expect(await changesOn(join(RELEASES, folder))).toEqual([]);
  },
);

test.each(folders)(
  'what release %s made is the same to a record of that release as to one of this one',
  async (folder) => {
    const { before, now } = await statesOn(join(RELEASES, folder));
    expect(now).toEqual(before);
  },
);
