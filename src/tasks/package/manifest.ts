import { z } from 'zod';
import { jsonAs } from '../../core/base/attempt.ts';
import type { PackageLocal } from './package-local.ts';

/** Written last: a directory without it is incomplete. */
export const MANIFEST = '.manifest.json';

const manifest = z.object({ archive: z.string(), files: z.record(z.string(), z.number()) });

export type Manifest = z.output<typeof manifest>;

export const manifestText = ({ sha256, files }: PackageLocal): string =>
  `${JSON.stringify({ archive: sha256, files } satisfies Manifest, null, 2)}\n`;

/** `null` if it is missing or damaged. */
export const parseManifest = (bytes: Buffer | null): Manifest | null =>
  bytes === null ? null : (jsonAs(manifest, bytes.toString('utf8')) ?? null);

/** Files that are missing or differ from their original size. Additional files are ignored. */
export const missingFrom = (files: Manifest['files'], tree: Readonly<Record<string, number>>): string[] =>
  Object.keys(files)
    .filter((name) => tree[name] !== files[name])
    .sort();
