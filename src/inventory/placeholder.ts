/**
 * The problem with a text that was meant as a tag: in quotes, `!env NAME` is plain text.
 *
 * @example quotedTag('!env DB_PASSWORD') // 'in quotes this is a text, not a tag; write !env NAME without quotes'
 */
export function quotedTag(value: unknown): string | undefined {
  const [, tag] = typeof value === 'string' ? (/^\s*!(env|file)\s+\S/.exec(value) ?? []) : [];
  if (tag === undefined) return undefined;
  return `in quotes this is a text, not a tag; write !${tag} ${tag === 'env' ? 'NAME' : 'path'} without quotes`;
}

/** `${NAME}`, `$(command)`, `{{ name }}`, `{% if %}`. */
const TEMPLATE = String.raw`\$\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|\{%[^%]*%\}`;
/** `<your-token>`. */
const BLANK = String.raw`<[A-Za-z][\w .-]*>`;

const WHOLE = new RegExp(String.raw`^\s*(?:${TEMPLATE}|${BLANK}|%[A-Z][A-Z0-9_]*%|\*{3,}|\.{3,}|…)\s*$`);
const ANYWHERE = new RegExp(`${TEMPLATE}|${BLANK}`);
const YOURS = /^your[-_ ](?:\w+[-_ ])*(?:password|passphrase|token|secret|key)$/i;
const VAULT = /^\s*\$ANSIBLE_VAULT;/;
const CHANGE_ME = /^(?:change[-_ ]?me|change[-_ ]?this|replace[-_ ]?me|placeholder|to[-_ ]?do|tbd|fix[-_ ]?me)$/i;

const FIX = 'this is a placeholder, not the value; write the value, or !env NAME';

/**
 * The problem with a placeholder text: another tool's template, a quoted tag, an encrypted file. Only certain cases:
 * `changeme` may be a real database password.
 */
export function placeholder(value: string): string | undefined {
  if (VAULT.test(value)) return 'this is encrypted by Ansible Vault; give the decrypted text';
  return quotedTag(value) ?? (WHOLE.test(value) || YOURS.test(value) ? FIX : undefined);
}

/** The same for a text that may contain a template anywhere, such as a URI. */
export const placeholderWithin = (value: string): string | undefined => (ANYWHERE.test(value) ? FIX : undefined);

/** The same for a generated text, such as a token: no real one consists of these words. */
export const placeholderWord = (value: string): string | undefined => (CHANGE_ME.test(value) ? FIX : undefined);
