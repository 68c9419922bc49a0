import { type ConfigSource, configSources, configText, DEEPEST_INCLUDE, includedFiles } from './ssh-config-files.ts';

/** Settings that bear on how a host is reached. Where none of them stands, nothing needs to be worked out. */
export const RESPECTED: ReadonlySet<string> = new Set([
  ...['hostname', 'port', 'user', 'connecttimeout', 'serveraliveinterval', 'serveralivecountmax'],
  ...['identityfile', 'identitiesonly', 'identityagent', 'certificatefile', 'pkcs11provider', 'securitykeyprovider'],
  ...['proxyjump', 'proxycommand', 'bindaddress', 'bindinterface', 'canonicalizehostname'],
  ...['userknownhostsfile', 'globalknownhostsfile', 'stricthostkeychecking', 'hostkeyalias'],
  ...['knownhostscommand', 'revokedhostkeys'],
]);

/** What stands in the files and where, whichever hosts it is for. */
export interface ConfigSurvey {
  readonly relevant: boolean;
  /** Only OpenSSH can expand an `Include` that stands there: what else is said is not known. */
  readonly incomplete: boolean;
  /** OpenSSH may read its configuration a second time, and then match `Host` by the name that the first time gave. */
  readonly readTwice: boolean;
  /** A line asks for hashed names, as Debian's own configuration does; that alone is no reason to look further. */
  readonly hashesNames: boolean;
  /** Where a setting stands: `~/.ssh/config:12`. */
  readonly places: (keyword: string) => readonly string[];
}

/** Reads the configuration files with all that they include. @throws OrchError CONNECT_CONFIG_UNREADABLE */
export async function surveyConfig(file: string | undefined): Promise<ConfigSurvey> {
  const places = new Map<string, string[]>();
  let hashesNames = false;
  let incomplete = false;
  let hasFinal = false;
  const visit = async (source: ConfigSource, depth: number): Promise<void> => {
    const text = depth > DEEPEST_INCLUDE ? undefined : await configText(source);
    for (const [index, line] of text?.split(/\r?\n/).entries() ?? []) {
      const [, word = '', rest = ''] = /^\s*"?([A-Za-z0-9]+)"?[\s=]*(.*)$/.exec(line) ?? [];
      const keyword = word.toLowerCase();
      if (RESPECTED.has(keyword)) places.set(keyword, [...(places.get(keyword) ?? []), `${source.path}:${index + 1}`]);
      if (keyword === 'hashknownhosts') hashesNames ||= /^"?yes\b/i.test(rest);
      if (keyword === 'match') hasFinal ||= /\bfinal\b/i.test(rest);
      if (keyword !== 'include') continue;
      const beyond = (): void => {
        incomplete = true;
      };
      for (const included of await includedFiles(wordsOf(rest), source, beyond)) await visit(included, depth + 1);
    }
  };
  for (const source of configSources(file)) await visit(source, 0);
  return {
    relevant: places.size > 0 || incomplete,
    incomplete,
    readTwice: hasFinal || incomplete || places.has('canonicalizehostname'),
    hashesNames,
    places: (keyword) => places.get(keyword) ?? [],
  };
}

const wordsOf = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"|([^\s"#][^\s]*)|#.*/g)].flatMap(([, quoted, plain]) => quoted ?? plain ?? []);
