import { quote } from './argv.ts';
import { knownSecrets, MASK } from './secret.ts';

/** Every form in which a secret may turn up in a text: as it is, and as other writers would have escaped it. */
function forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  const shell = quote(secret).slice(1, -1);
  const base64 = bytes.toString('base64');
  return [
    ...new Set([
      secret,
      json,
      JSON.stringify(json).slice(1, -1),
      url,
      shell,
      base64,
      base64.replace(/=+$/, ''),
      ...secret.split('\n'),
    ]),
  ]
    .filter((form) => form.length >= 4)
    .sort((a, b) => b.length - a.length);
}

let cache: { readonly of?: ReadonlySet<string>; readonly count: number; readonly all: readonly string[] } = {
  count: 0,
  all: [],
};

function allForms(): readonly string[] {
  const secrets = knownSecrets();
  if (cache.of !== secrets || cache.count !== secrets.size) {
    const all = [...new Set([...secrets].flatMap(forms))].sort((a, b) => b.length - a.length);
    cache = { of: secrets, count: secrets.size, all };
  }
  return cache.all;
}

/**
 * The text with every known secret, in every form it may have been escaped to, replaced by `***`. The last net, not the
 * first: code that handles secrets keeps them in a `Secret`.
 */
export function redact(text: string): string {
  let clean = text;
  for (const form of allForms()) if (clean.includes(form)) clean = clean.replaceAll(form, MASK);
  return clean;
}

/** A copy of plain data with every string redacted; keys too. */
export function redactData<T>(value: T): T {
  // The shape stays; only strings change, so the type does too.
  return walk(value) as T;
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(walk);
  if (value !== null && typeof value === 'object') {
    if ('toJSON' in value && typeof value.toJSON === 'function') return walk(value.toJSON());
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [redact(key), walk(field)]));
  }
  return value;
}

/** The longest form of a known secret: how much of a stream must be held back so that none slips through in two halves. */
const longest = (): number => allForms()[0]?.length ?? 0;

/** Redacts a stream that arrives in pieces. `push` returns what is safe to show, `end` the rest. */
export function streamRedactor(): { push(chunk: string): string; end(): string } {
  let held = '';
  return {
    push(chunk) {
      held = redact(held + chunk);
      const cut = safeCut(held, longest());
      const out = held.slice(0, cut);
      held = held.slice(cut);
      return out;
    },
    end() {
      const out = redact(held);
      held = '';
      return out;
    },
  };
}

/** Where a text may be cut: before the earliest suffix that could be the start of a secret. */
function safeCut(text: string, window: number): number {
  for (let at = Math.max(0, text.length - window + 1); at < text.length; at++) {
    const tail = text.slice(at);
    if (allForms().some((form) => form.startsWith(tail))) return at;
  }
  return text.length;
}
