import { scryptSync } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quote } from '../../../src/core/base/argv.ts';
import { canonicalJson } from '../../../src/core/base/data.ts';
import { redact, redactData, streamRedactor } from '../../../src/core/base/redact.ts';
import { precomputeDigests, reveal, Secret, stretchedDigest } from '../../../src/core/base/secret.ts';
import { text } from '../../../src/core/task/later.ts';

const password = 'p@ss:/#% wörd"\'$x';
const secret = Secret.of(password);

describe('a secret', () => {
  test.each([
    ['a template', `${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['canonical JSON', canonicalJson({ secret })],
    ['inspect', inspect({ secret }, { depth: 9, showHidden: true })],
    ['an error message', new Error(`no: ${secret}`).message],
    ['text joined from it', String(text`postgres://u:${secret}@db`)],
  ])('does not show in %s', (_name, shown) => {
    expect(shown).not.toContain(password);
    expect(shown).toContain('***');
  });

  test('makes any text secret that contains it', () => {
    const containing = text`postgres://u:${secret}@db`;
    expect(containing).toBeInstanceOf(Secret);
    expect(reveal(containing)).toBe(`postgres://u:${password}@db`);
  });

  test('has a stable digest that is no plain hash', () => {
    expect(stretchedDigest('api7')).toBe(stretchedDigest('api7'));
    expect(stretchedDigest('api7')).toMatch(/^s1:[0-9a-f]{48}$/);
  });
});

describe('the redactor', () => {
  test.each([
    ['as it is', password],
    ['in base64', Buffer.from(password).toString('base64')],
    ['URL-encoded', encodeURIComponent(password)],
    ['JSON-escaped', JSON.stringify(password)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(password))],
    ['quoted for a shell', quote(password)],
  ])('finds it %s', (_name, form) => {
    expect(redact(`before ${form} after`)).not.toContain(form.slice(2, -2));
    expect(redact(`before ${form} after`)).toMatch(/^before .*\*\*\*.* after$/);
  });

  test('cleans the values of data and leaves its keys, which are names', () => {
    expect(redactData({ key: [password, { [password]: password }, 7, null] })).toEqual({
      key: ['***', { [password]: '***' }, 7, null],
    });
  });

  test('cleans a stream at any cut, and loses nothing else', () => {
    const stream = `start ${password} middle ${password}${password} end`;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: stream.length - 1 }), { maxLength: 12 }), (cuts) => {
        const at = [0, ...[...new Set(cuts)].sort((a, b) => a - b), stream.length];
        const redactor = streamRedactor();
        const out =
          at
            .slice(1)
            .map((end, i) => redactor.push(stream.slice(at[i], end)))
            .join('') + redactor.end();
        expect(out).toBe('start *** middle ****** end');
      }),
    );
  });
});

describe('precomputed digests', () => {
  // scrypt's result of an independent program: labels on running containers hold such digests.
  const digest = `s1:${scryptSync('ahead-of-time', 'api7-orch secret digest', 24, { N: 16384 }).toString('hex')}`;

  test('equal digests that are computed on demand', async () => {
    await Promise.all([precomputeDigests(['ahead-of-time']), precomputeDigests(['ahead-of-time', 'another'])]);
    expect(stretchedDigest('ahead-of-time')).toBe(digest);
  });

  test('leave the event loop free for other work', async () => {
    const order: string[] = [];
    setImmediate(() => order.push('another'));
    await precomputeDigests(['a value without a stretched digest yet']);
    expect([...order, 'stretched']).toEqual(['another', 'stretched']);
  });
});
