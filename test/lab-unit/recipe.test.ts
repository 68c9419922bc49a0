import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { sourcesFrom } from '../lab/build/apt-sources.ts';
import { archiveLayer, imageArchive } from '../lab/build/image-archive.ts';
import { recipeFiles, recipeHash } from '../lab/build/recipe.ts';
import { bytesOf, tarBytes } from '../lab/build/tar-bytes.ts';
import { capabilitiesIn } from '../lab/hosts/capabilities.ts';
import { withFreeLock, withLock } from '../lab/plan/with-lock.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

describe('the inputs of a lab', () => {
  it.each([
    ['0', []],
    ['3', ['CHOWN', 'DAC_OVERRIDE']],
    ['1000000', ['SYS_RESOURCE']],
  ])('reads the capability mask %s', (mask, names) => expect(capabilitiesIn(mask)).toEqual(names));

  it('leaves out capabilities that an older engine does not have', () => {
    expect(capabilitiesIn('1ffffffffff')).toHaveLength(38);
    expect(capabilitiesIn('1fffeffffff')).not.toContain('SYS_RESOURCE');
  });

  it('takes the mirror and the suites of this machine', () => {
    const targets = [
      'http://mirror.test/debian/ bookworm main',
      'http://mirror.test/sec/ bookworm-security main',
      'https://other.test/ nodistro main',
    ];
    expect(sourcesFrom(targets.join('\n'))).toEqual({
      mirror: 'http://mirror.test/debian',
      list: 'deb http://mirror.test/debian/ bookworm main\ndeb http://mirror.test/sec/ bookworm-security main\n',
    });
    expect(sourcesFrom('http://mirror.test/ubuntu noble main').mirror).toBe('http://deb.debian.org/debian');
  });

  it('names a recipe by all of its content', async () => {
    const directory = temporaryDirectory('lab-recipe');
    await writeFile(join(directory, 'a'), '1');
    const one = recipeHash(await recipeFiles(directory));
    expect(recipeHash(await recipeFiles(directory))).toBe(one);
    expect(recipeHash(await recipeFiles(directory), 'more')).not.toBe(one);
    await writeFile(join(directory, 'a'), '2');
    expect(recipeHash(await recipeFiles(directory))).not.toBe(one);
  });

  it('writes an image as one gzip file whose layers have the digests in its configuration', async () => {
    const layers = await Promise.all(
      ['base', 'top'].map(async (name) => archiveLayer(await tarBytes([{ name, content: name }]))),
    );
    const image = { reference: 'a/b:1', architecture: 'amd64', config: { User: '636' }, layers };
    const archive = await imageArchive(image);
    expect(await imageArchive(image)).toEqual(archive);
    const files = new Map<string, Buffer>();
    const tar = extract();
    tar.end(gunzipSync(archive));
    for await (const entry of tar) files.set(entry.header.name, await bytesOf(entry));
    const [manifest] = JSON.parse(String(files.get('manifest.json')));
    const config = JSON.parse(String(files.get(manifest.Config)));
    expect(manifest.RepoTags).toEqual(['a/b:1']);
    expect(config.config).toEqual({ User: '636' });
    expect(config.rootfs.diff_ids).toEqual(layers.map((layer) => layer.diffId));
    expect(manifest.Layers.map((path: string) => files.has(path))).toEqual([true, true]);
  });

  it('admits one process at a time, and takes over the lock of an ended process', async () => {
    const directory = temporaryDirectory('lab-lock');
    const lock = join(directory, 'lock');
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    // No process has this id, or none that began at this time.
    for (const gone of Array(5)
      .fill(['999999999', '999999999:1', `${process.ppid}:1`])
      .flat()) {
      await writeFile(lock, gone);
      const comers = Array.from({ length: 6 }, () => sleep(Math.random() * 12).then(() => withLock(lock, work)));
      await Promise.all(comers);
    }
    expect(most).toBe(1);
    expect(await readdir(directory)).toEqual([]);
    await writeFile(lock, String(process.ppid));
    await expect(withLock(lock, work, 150)).rejects.toThrow(`held by process ${process.ppid}`);
    expect(await withFreeLock(lock, work)).toBe(false);
    await writeFile(lock, '999999999:1');
    expect(await withFreeLock(lock, work)).toBe(true);
  });
});
