/** Replaces tokens `%x` by their values; `%%` is a percent sign, unknown tokens stay. */
export const expandTokens = (text: string, tokens: Readonly<Record<string, string>>): string =>
  text.replace(/%(.)/g, (written, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? written)));

/** Replaces `${NAME}` by environment variables. An unset one stays, and appears in the error. */
export const expandVariables = (text: string): string =>
  text.replace(/\$\{(\w+)\}/g, (written, name: string) => process.env[name] ?? written);
