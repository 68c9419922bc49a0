import { SHORTEST_SECRET } from '../../core/base/secret.ts';
import type { Tagged } from '../tagged.ts';

/** Names of fields and variables that contain secrets: `admin_key`, `redisPassword`, `DB_PASSWD`. */
const NAMES =
  /pass(?:word|wd|phrase)?s?(?![a-z])|passwd|pwd|(?:^|[_.-])pw(?![a-z])|secret|token|credential|private|licen[cs]e|dsn|(?:^|[_.-])keys?(?![a-z])|[a-z]Keys?(?![a-z])|api_?key/i;
/** `redis://:word@host`. */
const LOGIN_IN_URL = /:\/\/[^/\s@]*:[^/\s@]+@/;

/**
 * Whether a tagged value in a free block is secret: it comes from a file, or its field, variable or text indicates it.
 * A log level by `!env` is a plain setting.
 */
export const isSecretSetting = ({ kind, argument, text = '' }: Tagged, fields: readonly string[]): boolean =>
  kind === 'file' || [...fields, argument].some((name) => NAMES.test(name)) || LOGIN_IN_URL.test(text);

/** Whether a variable of this name may contain a secret. */
export const namesSecret = (name: string): boolean => NAMES.test(name);

/** Letters and digits without a word in them: a token, a hash, a key. */
const isRandom = (text: string): boolean => /^[\w+/=-]{24,}$/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text);

/** Whether a value that was found somewhere is kept as a secret: it has the name or the form of one. */
export const mayBeSecret = (name: string, text: string): boolean =>
  text.length >= SHORTEST_SECRET &&
  (namesSecret(name) || LOGIN_IN_URL.test(text) || text.includes('PRIVATE KEY-----') || isRandom(text));

/** A shorter secret could be a part of any word: it cannot be masked in output. */
export const longEnough = (value: string): string | undefined =>
  value.length < SHORTEST_SECRET
    ? `a secret of fewer than ${SHORTEST_SECRET} characters cannot be masked in output; use a longer one`
    : undefined;
