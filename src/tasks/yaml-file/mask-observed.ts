import { isRecord } from '../../core/base/data.ts';
import { MASK, Secret } from '../../core/base/secret.ts';
import { hasSecret, isList, masked, type PlainYaml, type YamlValue } from './yaml-value.ts';

/**
 * A file's content, safe to print: a value is shown only if a plain value is desired at the same path, because others
 * may be unknown secrets. Removed keys show only their name.
 *
 * @example maskObserved({ dsn: 'postgres://u:old@db', port: 1 }, { port: 2 }) // { dsn: '***', port: 1 }
 */
export function maskObserved(observed: unknown, wanted: YamlValue | undefined): PlainYaml {
  if (wanted instanceof Secret) return observed === wanted.reveal() ? MASK : `${MASK} (another one)`;
  if (isList(wanted)) return Array.isArray(observed) ? maskList(observed, wanted) : MASK;
  if (isRecord(wanted)) return isRecord(observed) ? maskRecord(observed, wanted, maskObserved) : MASK;
  return wanted !== undefined && isScalar(observed) ? observed : MASK;
}

const isScalar = (value: unknown): value is null | boolean | number | string =>
  value === null || typeof value !== 'object';

function maskRecord(
  observed: { readonly [key: string]: unknown },
  wanted: { readonly [key: string]: YamlValue | undefined },
  mask: (observed: unknown, wanted: YamlValue | undefined) => PlainYaml,
): PlainYaml {
  return Object.fromEntries(
    Object.entries(observed).map(([key, value]) => [
      key,
      mask(value, Object.hasOwn(wanted, key) ? wanted[key] : undefined),
    ]),
  );
}

/** Items may have moved: in a list with secrets, an item is shown only if it equals the desired item at its index. */
function maskList(observed: readonly unknown[], wanted: readonly YamlValue[]): PlainYaml {
  if (!wanted.some(hasSecret)) return observed.map((item, index) => maskObserved(item, wanted[index]));
  return observed.map((item, index) => maskUnequal(item, wanted[index]));
}

function maskUnequal(observed: unknown, wanted: YamlValue | undefined): PlainYaml {
  if (wanted instanceof Secret) return maskObserved(observed, wanted);
  if (isList(wanted) && Array.isArray(observed)) return observed.map((item, index) => maskUnequal(item, wanted[index]));
  if (isRecord(wanted) && isRecord(observed)) return maskRecord(observed, wanted, maskUnequal);
  return wanted !== undefined && isScalar(wanted) && observed === wanted ? masked(wanted) : MASK;
}
