/** Puts values in place of `%x`; `%%` is a percent sign, and a token that is not known stays as it is. */
export const expandTokens = (text: string, tokens: Readonly<Record<string, string>>): string =>
  text.replace(/%(.)/g, (written, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? written)));

/** Puts environment variables in place of `${NAME}`. One that is not set stays as it is, and shows in the error. */
export const expandVariables = (text: string): string =>
  text.replace(/\$\{(\w+)\}/g, (written, name: string) => process.env[name] ?? written);
