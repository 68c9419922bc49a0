import { canonicalJson, type Data } from '../../core/base/data.ts';
import { reveal } from '../../core/base/secret.ts';
import { diff } from '../../core/task/diff.ts';
import { toPlainYaml, type YamlValue } from '../../tasks/yaml-file/yaml-value.ts';

/** A value of each host, and the value of most hosts. */
export interface Common<T> {
  readonly value: T;
  /** Hosts that have something else, with the paths at which it differs. Paths only, for values may be secrets. */
  readonly others: readonly { readonly host: string; readonly paths: readonly string[] }[];
}

const MOST_PATHS = 10;

const plain = (value: YamlValue): Data => toPlainYaml(value, reveal);

/** The value that most hosts have; of several, that of the first host. */
export function commonOf<T extends YamlValue>(
  hosts: readonly { readonly host: string; readonly value: T }[],
): Common<T> | undefined {
  const byText = Map.groupBy(hosts, ({ value }) => canonicalJson(plain(value)));
  const [most] = [...byText.values()].toSorted((a, b) => b.length - a.length);
  const [first] = most ?? [];
  if (most === undefined || first === undefined) return undefined;
  const others = hosts
    .filter((one) => !most.includes(one))
    .map(({ host, value }) => ({
      host,
      paths: diff(plain(first.value), plain(value))
        .map(({ path }) => path)
        .slice(0, MOST_PATHS),
    }));
  return { value: first.value, others };
}
