import { OrchError } from '../../core/base/errors.ts';
import { lastChars } from '../../core/base/excerpt.ts';
import type { LocalFile } from './local-file.ts';
import { receiveScript, resumeScript, type UploadTarget, wholeScript } from './upload-scripts.ts';
import type { WriteScript } from './write-script.ts';

/** A transfer may take hours, but must not stall; flushing to a slow disk looks like a stall too. */
const STALLED_MS = 5 * 60_000;

/** Number of running uploads of this process. */
let underWay = 0;

/** Runs a script and returns its stderr. @throws OrchError when it fails */
export type Act = (request: Parameters<WriteScript>[0]) => Promise<string>;

/**
 * Sends a file, resuming where an earlier attempt or run was interrupted. If the complete file has a wrong digest,
 * sends it again from the start. Returns the host's report about the sent file; undefined if the file existed already.
 *
 * @throws OrchError UPLOAD_CORRUPT, WRITE_CONFLICT, DISK_FULL, LOCAL_FILE_UNREADABLE, CONNECTION_LOST, TIMED_OUT
 */
export async function uploadResumed(
  file: LocalFile,
  target: UploadTarget,
  act: Act,
  onProgress: (bytes: number) => void = () => {},
): Promise<string> {
  underWay++;
  try {
    return await uploaded(file, target, act, onProgress);
  } finally {
    underWay--;
  }
}

async function uploaded(
  file: LocalFile,
  target: UploadTarget,
  act: Act,
  onProgress: (bytes: number) => void,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const at = await arrived(target, act);
    onProgress(at === 'whole' ? target.size : at);
    if (at === 'whole') return '';
    try {
      return await act({
        script: receiveScript(target, at, { alone: underWay === 1 }),
        stdin: file.chunks(at),
        idleMs: STALLED_MS,
        onProgress: (bytes) => onProgress(at + bytes),
      });
    } catch (error) {
      // The part was damaged, or a lost attempt was just completing the file.
      const code = error instanceof OrchError ? error.code : '';
      const again = at > 0 && (code === 'UPLOAD_CORRUPT' || code === 'WRITE_CONFLICT');
      if (!again || attempt > 1) throw error;
    }
  }
}

async function arrived(target: UploadTarget, act: Act): Promise<number | 'whole'> {
  const said = await act({ script: resumeScript(target), timeoutMs: STALLED_MS });
  const [, at] = /^at (\d+)$/m.exec(said) ?? [];
  if (at === undefined)
    throw new OrchError(
      'COMMAND_FAILED',
      `uploading ${target.path} failed: the host did not report the received part`,
      {
        hint: 'run again; if that repeats, something on the host prints into commands: see the details',
        details: lastChars(said),
      },
    );
  return /^same size$/m.test(said) && (await isWhole(target, act)) ? 'whole' : Number(at);
}

/** A digest may take long, so it gets its own channel, as all scripts with streamed input do. */
async function isWhole(target: UploadTarget, act: Act): Promise<boolean> {
  return /^whole$/m.test(await act({ script: wholeScript(target), stdin: nothing(), idleMs: STALLED_MS }));
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
