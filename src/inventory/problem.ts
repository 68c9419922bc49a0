/** Position of a value in the inventory: `['hosts', 'gw-1', 'port']`. */
export type Path = readonly (string | number)[];

/** One problem of an inventory file. Messages name keys, hosts and groups, never values that could be secret. */
export interface Problem {
  readonly path: Path;
  /** Point at the key rather than at its value. */
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** `hosts.gw-1.port`, `groups.eu.children[0]`; the root is an empty text. */
export const dotted = (path: Path): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
