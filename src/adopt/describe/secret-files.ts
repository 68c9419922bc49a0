import { Secret } from '../../core/base/secret.ts';
import { Tagged } from '../../inventory/tagged.ts';
import type { YamlValue } from '../../tasks/yaml-file/yaml-value.ts';

/** Values in files beside the inventory. */
export class SecretFiles {
  /** Contents by name. */
  readonly contents = new Map<string, string>();
  readonly #directory: string;

  /** @param directory of the files, relative to the inventory */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The value with a tag in place of each secret and of each text of several lines; without fields that are undefined. */
  placed(value: YamlValue | undefined, path: readonly string[]): unknown {
    if (value instanceof Secret) return this.#tag(value.reveal(), path);
    if (typeof value === 'string') return value.includes('\n') ? this.#tag(value, path) : value;
    if (Array.isArray(value)) return value.map((item, at) => this.placed(item, [...path, String(at)]));
    if (value === null || typeof value !== 'object') return value;
    const fields = Object.entries(value).flatMap(([key, field]) =>
      field === undefined ? [] : [[key, this.placed(field, [...path, key])] as const],
    );
    return Object.fromEntries(fields);
  }

  #tag(text: string, path: readonly string[]): Tagged {
    const wanted = path
      .join('-')
      .replace(/[^A-Za-z0-9._-]+/g, '_')
      .slice(0, 100);
    let name = wanted;
    for (let count = 2; this.contents.has(name) && this.contents.get(name) !== `${text}\n`; count++)
      name = `${wanted}-${count}`;
    // A reader drops one end of line.
    this.contents.set(name, `${text}\n`);
    return new Tagged('file', `${this.#directory}/${name}`);
  }
}
