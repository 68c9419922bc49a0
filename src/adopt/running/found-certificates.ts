import { validUntil } from '../../api7/checks/certificates.ts';
import { defined } from '../../core/base/data.ts';
import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import type { PlainYaml } from '../../tasks/yaml-file/yaml-value.ts';
import type { FoundCertificate, UserSettings } from './running-service.ts';

/** Variables that hold certificates, the newer names first. */
const CERTIFICATES = [
  'API7_DP_MANAGER_CERT',
  'API7_DP_MANAGER_CA',
  'API7_CONTROL_PLANE_CERT',
  'API7_CONTROL_PLANE_CA',
] as const;

/** Paths in the configuration of a service that name files with certificates. */
const FILES = [
  ['server', 'tls', 'cert_file'],
  ['prometheus', 'tls', 'cert_file'],
  ['prometheus', 'tls', 'ca_file'],
] as const;

/** What a configuration has at a path; undefined where there is nothing, or no block on the way. */
export function valueAt(tree: PlainYaml | undefined, path: readonly string[]): PlainYaml | undefined {
  let value: unknown = tree;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, key))
      return undefined;
    value = (value as { readonly [key: string]: unknown })[key];
  }
  return value as PlainYaml;
}

/** The certificates that a service was given, by variables or by files that its configuration names. */
export async function foundCertificates(
  found: ContainerInspect,
  { env }: Pick<UserSettings, 'env'>,
  config: PlainYaml | undefined,
  host: Reader,
): Promise<readonly FoundCertificate[]> {
  const given = CERTIFICATES.flatMap((name) => {
    const cert = env[name]?.reveal();
    return cert === undefined ? [] : [{ place: `-e ${name}`, cert }];
  });
  const paths = [...new Set(FILES.map((path) => valueAt(config, path)))].filter(
    (path): path is string => typeof path === 'string' && path.startsWith('/'),
  );
  const files = await Promise.all(
    paths.map(async (place) => ({
      place,
      cert: (await host.docker.file(found.Id, place))?.content.toString('utf8') ?? '',
    })),
  );
  return [...given, ...files].map(({ place, cert }) => {
    const validTo = validUntil(/_CA$/.test(place) ? { authority: cert } : { cert })?.getTime();
    return { place, ...defined({ validToMs: validTo }) };
  });
}
