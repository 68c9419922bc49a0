import { type ConfigSource, configSources, configText, includedFiles } from './config-files.ts';

/**
 * Settings without effect on api7-orch's connections. Any other word makes a file relevant; a setting missing here only
 * costs extra processes.
 */
const IRRELEVANT: ReadonlySet<string> = new Set(
  `addkeystoagent addressfamily batchmode casignaturealgorithms channeltimeout checkhostip ciphers clearallforwardings
  compression connectionattempts controlmaster controlpath controlpersist dynamicforward enableescapecommandline
  enablesshkeysign escapechar exitonforwardfailure fingerprinthash forkafterauthentication forwardagent forwardx11
  forwardx11timeout forwardx11trusted gatewayports gssapiauthentication gssapidelegatecredentials gssapikexalgorithms
  gssapikeyexchange hashknownhosts hostbasedacceptedalgorithms hostbasedauthentication hostkeyalgorithms ignoreunknown
  ipqos kbdinteractiveauthentication kbdinteractivedevices kexalgorithms localcommand localforward loglevel logverbose
  macs nohostauthenticationforlocalhost numberofpasswordprompts obscurekeystroketiming passwordauthentication
  permitlocalcommand permitremoteopen preferredauthentications proxyusefdpass pubkeyacceptedalgorithms
  pubkeyacceptedkeytypes pubkeyauthentication rekeylimit remotecommand remoteforward requesttty requiredrsasize sendenv
  sessiontype setenv stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility tag tcpkeepalive tunnel
  tunneldevice updatehostkeys usekeychain verifyhostkeydns visualhostkey xauthlocation`.split(/\s+/),
);

/** The contents of the files with positions, for all hosts. */
export interface ConfigSurvey {
  readonly relevant: boolean;
  /** Lines with an `Include` that only OpenSSH can expand: their content is unknown. */
  readonly notRead: readonly string[];
  /** Lines with a `Match exec`, which runs a command. */
  readonly commands: readonly string[];
  /** OpenSSH may read its configuration twice, and then match `Host` by the name from the first reading. */
  readonly readTwice: boolean;
  /** A line asks for hashed names, as Debian's default configuration does; that alone needs no further reading. */
  readonly hashesNames: boolean;
  /** Positions of a setting, or of any relevant one: `~/.ssh/config:12`. */
  readonly places: (keyword?: string) => readonly string[];
}

/**
 * Reads the configuration files and their includes for the first word of each line. OpenSSH itself computes the
 * settings of a host.
 *
 * @throws OrchError CONNECT_CONFIG_UNREADABLE
 */
export async function surveyConfig(file: string | undefined): Promise<ConfigSurvey> {
  const settings: { readonly keyword: string; readonly at: string }[] = [];
  const notRead: string[] = [];
  const commands: string[] = [];
  let hashesNames = false;
  let hasFinal = false;
  const seen = new Set<string>();
  const visit = async (source: ConfigSource): Promise<void> => {
    // Each file once, even if files include each other: OpenSSH itself refuses those.
    const key = `${source.of} ${source.path}`;
    if (seen.has(key)) return;
    seen.add(key);
    const text = await configText(source);
    for (const [index, line] of text?.split('\n').entries() ?? []) {
      if (/^\s*(#|$)/.test(line)) continue;
      const [, word = '', rest = ''] = /^\s*"?([^\s="]*)"?[\s=]*(.*)$/.exec(line) ?? [];
      const keyword = word.toLowerCase();
      const at = `${source.path}:${index + 1}`;
      if (keyword === 'match') {
        // Ignores quotes inside a word.
        const conditions = rest.replace(/["'\\]/g, '');
        hasFinal ||= /\bfinal\b/i.test(conditions);
        if (/\bexec\b/i.test(conditions)) commands.push(at);
      } else if (keyword === 'include') {
        for (const name of wordsOf(rest)) {
          const included = await includedFiles(name, source);
          if (included === undefined) notRead.push(at);
          for (const one of included ?? []) await visit(one);
        }
      } else if (keyword === 'hashknownhosts') hashesNames ||= /^"?yes\b/i.test(rest);
      else if (keyword !== 'host' && !IRRELEVANT.has(keyword)) settings.push({ keyword, at });
    }
  };
  for (const source of configSources(file)) await visit(source);
  const places = (keyword?: string): readonly string[] => [
    ...settings.filter((one) => keyword === undefined || one.keyword === keyword).map(({ at }) => at),
    ...(keyword === undefined ? notRead : []),
  ];
  return {
    relevant: places().length > 0,
    notRead,
    commands,
    readTwice: hasFinal || notRead.length > 0 || places('canonicalizehostname').length > 0,
    hashesNames,
    places,
  };
}

const wordsOf = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]*)"|([^\s"#][^\s]*)|#.*/g)].flatMap(([, quoted, plain]) => quoted ?? plain ?? []);
