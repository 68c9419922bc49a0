import { z } from 'zod';
import { redact } from '../core/base/redact.ts';
import { reveal, Secret } from '../core/base/secret.ts';
import type { Reader } from '../core/host/connection.ts';
import type { Patch } from '../core/task/change.ts';
import { defineTask } from '../core/task/define-task.ts';
import { absolutePath, account, octalMode, secretOrText } from './file/fields.ts';
import { contentOf, type FileSpec, type FileState, ofFile } from './file/file-state.ts';
import { observedText } from './file/observed-text.ts';

const params = z.strictObject({
  path: absolutePath,
  content: secretOrText.transform((text) => contentOf(reveal(text), text instanceof Secret)),
  mode: octalMode.default('0644'),
  owner: account.default('root'),
  group: account.default('root'),
});

/**
 * A file with exactly this content, mode and owner. Written atomically; if only mode or owner differ, the content is
 * not written. Its directory must exist.
 *
 * @throws OrchError PATH_TAKEN when a directory, a link or something else is at the path
 * @example yield file({ path: '/etc/motd', content: 'part of the API7 cluster\n' });
 */
export const file = defineTask<typeof params, void, FileState, void>({
  kind: 'file',
  params,
  ...ofFile,
  show: (p, change, host) => patch(p, change.before, host),
});

async function patch(spec: FileSpec, before: FileState | null, host: Reader): Promise<Patch> {
  const same = before?.digest === spec.content.digest;
  if (spec.content.secret) {
    if (same) return { before: '', after: '' };
    return {
      before: before === null ? '' : '(secret content as it is)\n',
      after: '(secret content as it is wanted)\n',
    };
  }
  const observed = before === null ? null : await observedText(spec.path, host);
  const after = redact(spec.content.text());
  if (observed === null) return { before: '', after };
  return { before: 'text' in observed ? redact(observed.text) : observed.unshown, after };
}
