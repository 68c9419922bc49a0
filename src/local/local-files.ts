import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { codeOf, OrchError } from '../core/base/errors.ts';
import type { LocalFiles } from '../core/task/local-files.ts';
import type { FactCache } from './fact-cache.ts';
import { type Listing, listArchive, readMember } from './package-archive.ts';

const listingSchema = z.strictObject({ sha256: z.string(), members: z.record(z.string(), z.number()) });

/**
 * The controller's files, each read at most once per run and question; one pass lists and digests an archive. With a
 * cache, files that an earlier run has read are not read again.
 *
 * @example const files = localFiles(factCache(cacheDirectory())); await files.sha256('/srv/api7-3.10.5-dp.tar.gz')
 */
export function localFiles(cached: FactCache = (_path, _name, _schema, find) => find()): LocalFiles {
  const digests = new Map<string, Promise<string>>();
  const listings = new Map<string, Promise<Listing>>();
  // Increase the number whenever an archive is examined in another way.
  const listing = (path: string): Promise<Listing> =>
    memo(listings, path, async () => {
      await present(path);
      return cached(path, 'archive 2', listingSchema, () => listArchive(path));
    });
  return {
    sha256: (path) =>
      memo(digests, path, async () => {
        const listed = await listings.get(path);
        return listed?.sha256 ?? cached(path, 'sha256', z.string(), () => digest(path));
      }),
    size: async (path) => (await present(path)).size,
    async read(path) {
      await present(path);
      return readFile(path);
    },
    archive: async (path) => (await listing(path)).members,
    async archiveMember(path, member, read) {
      await present(path);
      return readMember(path, member, read);
    },
    fact: cached,
  };
}

async function memo<T>(known: Map<string, Promise<T>>, path: string, work: () => Promise<T>): Promise<T> {
  const running = known.get(path) ?? work();
  known.set(path, running);
  return running;
}

async function present(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path).catch((cause: unknown) => missing(path, cause));
  return found.isFile() ? { size: found.size } : missing(path, undefined);
}

function missing(path: string, cause: unknown): never {
  const denied = codeOf(cause) === 'EACCES';
  throw new OrchError(
    'LOCAL_FILE_MISSING',
    `${path} ${denied ? 'cannot be read: permission denied' : 'is not a file on the controller'}`,
    {
      hint: denied ? 'give this user the right to read it' : 'correct the path in the inventory, or put the file there',
      cause,
    },
  );
}

async function digest(path: string): Promise<string> {
  await present(path);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
