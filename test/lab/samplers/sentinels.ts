/** Any text that a user may have as a password: quotes, line ends, `$`, `<>&`, other scripts, 4 to 64 characters. */
const TEXTS: readonly string[] = [
  // The database's: all characters with a meaning in a URI. The gateways': characters that an HTTP header can carry.
  `p$ss/x!Word<1&2>"'%41+;@:#?`,
  `a7dp-$t<o&k>'"n=/+1\\u0026`,
  `su do$(id)'"\`x\``,
  '{"auth":"<r&g>"}',
  'q$"7',
  '<&>ü',
  `\\n'9`,
  'é漢字!',
  'first $line 1\nsecond "line" <2>\nthird líne & more',
  '-----BEGIN SECRET-----\nMIIBVAIBADANBgkq+/hkiG9w0B\nAQEFAASCAT4wggE6AgEAAkEA==\n-----END SECRET-----',
  'tab\there & and\r\na carr1age return',
  '  blanks around  ',
  "i't$",
  '"qu0ted"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell would replace it
  '$HOME/${PATH}/$(date)',
  '*.*[a-z]?{1,2}^$',
  'Пароль-тайна-№5',
  '🔑🗝️ keys & <locks>',
  'ends with a backslash\\',
  '%s%d%n%%-100%',
  '\\x41\\u0042\\103',
  '<script>alert("1")</script>',
  '&lt;already&gt;&amp;',
  '%3Calready%3E%26',
  'YWxyZWFkeSBiYXNlNjQ=',
  '- list: {a: b, c: [d]} # e',
  '| bl0ck\n  of t3xt <a>\n\n  with bl4nk line',
  `64-${'aB3$<&>"\'x'.repeat(6)}-z`,
  'null-byte-free;rm -rf /tmp/x|tee',
  'ＦＵＬＬ　ｗｉｄｔｈ',
];

export interface Sentinel {
  /** `s7`: its name in a failure. */
  readonly name: string;
  readonly text: string;
}

export const sentinels: readonly Sentinel[] = TEXTS.map((text, i) => ({ name: `s${i}`, text }));

const percent = (text: string, keep: RegExp): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const sign = String.fromCharCode(byte);
      return keep.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
const ascii = (json: string): string =>
  json.replaceAll(/[<>&\u0080-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const html = (text: string, quote: string, apostrophe: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe);

/** The forms in which programs may print it; written independently of the product's masking. */
export function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const encoded = [encodeURIComponent(text), percent(text, /[\w.~-]/), percent(text, /[\w.~$&+,;=-]/)];
  // The frame of a key is no secret, and a line of a few characters reveals nothing.
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim().length >= 8 && !line.startsWith('-----'));
  const forms = [
    text,
    ...lines.map((line) => line.trim()),
    json(text),
    ascii(json(text)),
    json(json(text)),
    ...encoded,
    ...encoded.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
    html(text, '&quot;', '&#39;'),
    html(text, '&#34;', '&#39;'),
    text.replaceAll("'", "''"),
    text.replaceAll("'", "'\\''"),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
  return [...new Set(forms)].filter((form) => form.length >= 4);
}

/** Names of the sentinels that a text shows in any form. */
export const shownIn = (text: string): readonly string[] =>
  sentinels.filter((one) => formsOf(one.text).some((form) => text.includes(form))).map(({ name }) => name);
