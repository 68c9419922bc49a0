import { z } from 'zod';
import { jsonAs } from '../../core/base/attempt.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { LockRecord, LockView } from '../../core/host/lock.ts';

const session = z.object({ pid: z.int().positive(), start: z.int().nonnegative() });

const record = z.object({
  v: z.literal(1),
  token: z.string(),
  run: z.string(),
  by: z.string(),
  verb: z.string(),
  process: session.extend({ machine: z.string(), boot: z.string() }).exactOptional(),
  since: z.number(),
  boot: z.string(),
  stop: z.object({ by: z.string(), reason: z.string() }).exactOptional(),
  sessions: z.array(session),
  op: z.object({ what: z.enum(['start', 'stop', 'remove']), container: z.string(), until: z.number() }).nullable(),
});

/** A file that is no record has no known holder; without a beat it expires like any other lock. */
const UNKNOWN: LockRecord = {
  token: '',
  run: 'unknown',
  by: 'unknown',
  verb: 'unknown',
  since: 0,
  boot: '',
  sessions: [],
  op: null,
};

/** Parses the output of a lock script. @throws OrchError READ_FAILED */
export function parseView(stdout: string): LockView {
  const lines = stdout.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  const all = (name: string): readonly string[] => lines.flatMap(([key, value]) => (key === name ? [value] : []));
  const one = (name: string): string => all(name)[0] ?? '';
  const now = Number(one('now'));
  if (!(now > 0))
    throw new OrchError('READ_FAILED', 'the host did not report its lock', {
      hint: 'check that sh, flock and sha256sum work on the host',
      details: stdout.slice(0, 500),
    });
  const [lock] = all('lock');
  const known = lock === undefined ? null : recordOf(lock, one('boot'));
  return {
    record: known,
    digest: one('digest') || null,
    old: all('old').map((text) => recordOf(text, one('boot'))),
    beat: all('beat')[0] ?? null,
    beatAge: Math.max(0, now - Number(one('beaten') || 0)),
    epoch: Number(one('epoch') || 0),
    boot: one('boot'),
    now,
    session: one('session') === '' ? null : session.parse(JSON.parse(one('session'))),
  };
}

/** Parses a line of `lock.json` or `lock.old`. */
export function recordOf(text: string, boot: string): LockRecord {
  const parsed = jsonAs(record, text);
  if (parsed === undefined) return { ...UNKNOWN, boot };
  const { v: _, ...rest } = parsed;
  return rest;
}
