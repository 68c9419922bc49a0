import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quote } from '../../../../src/core/base/argv.ts';
import { redact, streamRedactor } from '../../../../src/core/base/redact.ts';
import { forgetSecrets, Secret } from '../../../../src/core/base/secret.ts';

const known = (...secrets: readonly string[]): void => {
  forgetSecrets();
  for (const secret of secrets) Secret.of(secret);
};

const percentAll = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
/** Characters that Go's url.UserPassword keeps: `$&+,;=` and the unreserved characters. */
const goUser = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|2C|3B|3D)/g, (code) => decodeURIComponent(code));
const lowerPercent = (text: string): string => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase());
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const goJson = (text: string): string =>
  json(text).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
const asciiJson = (text: string): string =>
  json(text).replace(/[^\u0020-\u007e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
const html = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
    .replaceAll("'", '&#x27;');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const wrap = (text: string, width: number, indent = ''): string =>
  (text.match(new RegExp(`.{1,${width}}`, 'gsu')) ?? []).join(`\n${indent}`);

/** Encodings of a value in programs, with the words around it in the output. */
const ENCODERS: readonly (readonly [string, (secret: string) => string])[] = [
  ['as it is', (secret) => secret],
  ['every character as percent', percentAll],
  ['encodeURIComponent', encodeURIComponent],
  ['percent in lower case', lowerPercent],
  ["Go's url.UserPassword", goUser],
  ["Go's url in Go's JSON", (secret) => goJson(goUser(secret))],
  ['a form', (secret) => new URLSearchParams({ a: secret }).toString().slice(2)],
  ['JSON', json],
  ["Go's JSON", goJson],
  ['JSON in ASCII', asciiJson],
  ["JSON in Go's JSON", (secret) => goJson(json(secret))],
  ['HTML', html],
  ['a shell word', quote],
  ['SQL', (secret) => secret.replaceAll("'", "''")],
  ['hex', (secret) => Buffer.from(secret).toString('hex')],
  ['hex in upper case', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
  ['base64', base64],
  ['base64url', (secret) => Buffer.from(secret).toString('base64url')],
  ['Basic of user:pw', (secret) => `Basic ${base64(`u:${secret}`)}`],
  ['Basic of api7:pw', (secret) => `Basic ${base64(`api7:${secret}`)}`],
  ['Basic of admin:pw', (secret) => `Basic ${base64(`admin:${secret}`)}`],
  ["Docker's X-Registry-Auth", (secret) => base64(JSON.stringify({ username: 'u', password: secret }))],
  ['base64 in a URL', (secret) => encodeURIComponent(base64(`u:${secret}`))],
  ['wrapped', (secret) => wrap(secret, 5)],
  ['base64, wrapped and indented', (secret) => wrap(base64(`user:${secret}@db`), 6, '    ')],
  ['base64, wrapped, in JSON', (secret) => json(wrap(base64(`user:${secret}@db`), 7))],
];

/** The longest remaining piece of the encoded secret, in characters that belong to nothing else. */
function leaked(clean: string, encoded: string): string {
  const spoken = encoded.replace(/\s/g, '');
  const left = clean.replace(/\s/g, '');
  for (let size = Math.min(spoken.length, 12); size >= 5; size--)
    for (let at = 0; at + size <= spoken.length; at++) {
      const piece = spoken.slice(at, at + size);
      if (left.includes(piece)) return piece;
    }
  return '';
}

describe('a secret is masked', () => {
  const secret = 'p$ss/x!Word<1&2>';
  test.each(ENCODERS)('written as %s', (name, encode) => {
    known(secret);
    const encoded = encode(secret);
    const clean = redact(`before ${encoded} after`);
    expect(clean).toContain('***');
    expect(clean).toMatch(/^before .*after$/s);
    const own = ['Basic', 'X-Registry', 'base64'].some((word) => name.includes(word));
    // The text around it in base64 (`user:`) may stay.
    if (!own) expect(leaked(clean, encoded)).toBe('');
    else expect(clean).not.toContain(base64(secret).slice(4, -4));
  });

  test('of four characters, and not one of three', () => {
    known('q7#z', 'abc');
    expect(redact('abc q7#z q7%23z')).toBe('abc *** ***');
  });

  test('of several lines: as a whole, and each line with enough characters', () => {
    const key =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo\n-----END PRIVATE KEY-----\n';
    known(key);
    expect(redact(`a ${key} b`)).toBe('a *** b');
    expect(redact('line 2: BAQEFAASCBKcwggSjAgEAAo!')).toBe('line 2: ***!');
    expect(redact('it begins with -----BEGIN PRIVATE KEY-----')).toBe('it begins with -----BEGIN PRIVATE KEY-----');
    expect(redact(base64(`x${key}`))).toMatch(/^.{0,2}\*\*\*.{0,4}$/);
  });

  test('where two overlap, both', () => {
    known('abcdefgh', 'fghijklm');
    expect(redact('<abcdefghijklm>')).toBe('<***>');
  });
});

test('in a sentence of api7-orch itself a plain word is no secret; any other secret is', () => {
  known('gateways', 'Tr0ub4dor&3');
  expect(redact('gateways: gw-1 is drained by Tr0ub4dor&3', 'words')).toBe('gateways: gw-1 is drained by ***');
  expect(redact('gateways: gw-1 is drained by Tr0ub4dor&3')).toBe('***: gw-1 is drained by ***');
  expect(redact(`Authorization: ${base64('u:gateways')}`, 'words')).not.toContain(base64('gateways').slice(4, 8));
});

const characters = fc.constantFrom(...'abcXYZ019 \'"$\\<>&%/:@é漢🙂\n+=-_#');
const secretsOf = (chars: fc.Arbitrary<string>) =>
  fc
    .array(chars, { minLength: 4, maxLength: 24 })
    .map((chars) => chars.join(''))
    .filter((text) => text.trim().length >= 4 && !/^[a-c\s]*$/i.test(text));
const secrets = secretsOf(characters);
/** None that an encoding uses itself: the text around such a secret is not ambiguous. */
const mildSecrets = secretsOf(fc.constantFrom(...'abcXYZ0123456789 $<>/:@é漢🙂+=-_#'));

describe('properties', () => {
  const whole = ENCODERS.filter(([name]) => !/base64|Basic|X-Registry|wrapped/.test(name));

  test('any secret in any encoding is masked, and the text around it stays', () => {
    fc.assert(
      fc.property(mildSecrets, fc.constantFrom(...whole), (secret, [, encode]) => {
        known(secret);
        // Of a shell word the quotes around it may stay.
        expect(redact(`<< ${encode(secret)} >>`).replaceAll("'", '')).toBe('<< *** >>');
      }),
      { numRuns: 400 },
    );
  });

  test('the same for one of characters that the encodings use; a backslash may stay beside it', () => {
    fc.assert(
      fc.property(secrets, fc.constantFrom(...whole), (secret, [, encode]) => {
        known(secret);
        expect(redact(`<< ${encode(secret)} >>`).replace(/['"\\]/g, '')).toBe('<< *** >>');
      }),
      { numRuns: 600 },
    );
  });

  const unwrapped = ENCODERS.filter(([name]) => !name.includes('wrapped'));
  const streamed = (secret: fc.Arbitrary<string>) =>
    fc
      .tuple(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.constantFrom(...unwrapped), fc.nat(2), fc.constantFrom(' ', '\n', ' % \\ & ')), {
          maxLength: 5,
        }),
        fc.array(fc.nat(400), { maxLength: 12 }),
      )
      .map(([all, parts, cuts]) => {
        known(...all);
        const forms = parts.map(([[, encode], of]) => encode(all[of % all.length] ?? ''));
        const text = forms.map((form, i) => `x${form}${parts[i]?.[2]}`).join('');
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
        const stream = streamRedactor();
        const out = at.slice(1).map((end, i) => stream.push(text.slice(at[i], end)));
        return { all, forms, whole: redact(text), out: out.join('') + stream.end() };
      });

  test('a stream that is cut anywhere comes out as the whole would', () => {
    fc.assert(
      fc.property(streamed(mildSecrets), ({ whole, out }) => {
        expect(out).toBe(whole);
      }),
      { numRuns: 400 },
    );
  });

  test('a stream that is cut anywhere shows no secret of any characters', () => {
    fc.assert(
      fc.property(streamed(secrets), ({ all, forms, out }) => {
        for (const form of [...all, ...forms]) expect(out).not.toContain(form);
      }),
      { numRuns: 400 },
    );
  });
});

test('takes linear time for any text', () => {
  known('p$ss/x!Word<1&2>', 'aaaaaaaaaaaaaaaaaaaaaaaab', "''''''''''''''''''x");
  const seconds = (text: string): number => {
    const before = process.cpuUsage();
    redact(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  // Quadratic code takes minutes for any of these.
  for (const unit of ['a', '%', '%70', '\\', '\\u0070', '&amp;', "'", '\n', 'p$ss', '&#x', '\\\n'])
    expect(seconds(unit.repeat(500_000 / unit.length)), JSON.stringify(unit)).toBeLessThan(8);
});

test('a chunk of a stream with an escape in its last word holds back only that word', () => {
  known('p$ss/x!Word<1&2>');
  const stream = streamRedactor();
  expect(stream.push('at 100%')).toBe('at ');
  expect(stream.push(' done\n')).toBe('100% done\n');
  expect(stream.push('the p')).toBe('the ');
  expect(stream.push('%24s')).toBe('');
  expect(stream.push('s%2Fx%21Word%3c1%262%3E! ')).toBe('***! ');
  expect(stream.end()).toBe('');
});

test('a line that ends like the beginning of a secret is shown at once', () => {
  known('stop-word-1');
  const stream = streamRedactor();
  expect(stream.push('services\n')).toBe('services\n');
  expect(stream.push('top-word-1 is wrapped\n')).toBe('*** is wrapped\n');
});
