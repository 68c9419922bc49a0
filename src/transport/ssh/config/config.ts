import pLimit from 'p-limit';
import { askForUser, askOpenSsh, type ConfigQuery, type ConfigValues } from './by-openssh.ts';
import { type ConfigSurvey, surveyConfig } from './survey.ts';

/** Each is a process of about 10 ms; more at once slow each other down. */
const ASKED_AT_ONCE = 4;

/** OpenSSH's settings for one host, without defaults. */
export interface HostConfig {
  /** Values of a setting by lower-case name; empty if not set. */
  readonly all: (keyword: string) => readonly string[];
  readonly first: (keyword: string) => string | undefined;
  /** Position of a setting, for messages: `/root/.ssh/config:12`. */
  readonly place: (keyword: string) => string;
  /**
   * Whether the configuration names the local user as login user: `first('user')` does not show that. `undefined`: ssh
   * gave no answer.
   */
  readonly namesLocalUser: () => Promise<boolean | undefined>;
}

/** OpenSSH's client configuration. Files are read once, and each host is resolved once. */
export interface SshConfig {
  /** @throws OrchError CONNECT_CONFIG_UNSUPPORTED | CONNECT_CONFIG_INVALID | CONNECT_CONFIG_UNREADABLE | CONNECT_JUMP_LOOP */
  lookup(query: ConfigQuery): Promise<HostConfig>;
  /** Warns of a setting that is not applied; the same text once. */
  warn(text: string): void;
}

export interface SshConfigOptions {
  /**
   * Whether a `Match exec` runs its command. Default: yes, as for ssh. If not, the line does not match, and a warning
   * reports that.
   */
  readonly runsCommands?: boolean;
  readonly warn?: (text: string) => void;
}

/** @example const config = sshConfig(); (await config.lookup({ address: 'gw-1' })).first('proxyjump') */
export function sshConfig(options: SshConfigOptions = {}): SshConfig {
  const surveys = new Map<string | undefined, Promise<ConfigSurvey>>();
  const hosts = new Map<string, Promise<HostConfig>>();
  const warned = new Set<string>();
  const limit = pLimit(ASKED_AT_ONCE);
  const warn = (text: string): void => {
    if (warned.has(text)) return;
    warned.add(text);
    options.warn?.(text);
  };

  const { runsCommands = true } = options;
  const namesLocalUser = async (query: ConfigQuery, survey: ConfigSurvey): Promise<boolean | undefined> =>
    survey.places('user').length === 0 && survey.notRead.length === 0
      ? false
      : await limit(() => askForUser(query, { survey, runsCommands }));
  const find = async (query: ConfigQuery): Promise<HostConfig> => {
    const survey = await kept(surveys, query.file, () => surveyConfig(query.file));
    if (survey.relevant && !runsCommands) warnOfCommands(survey, warn);
    const values: ConfigValues = survey.relevant
      ? await limit(() => askOpenSsh(query, { survey, runsCommands }))
      : new Map(survey.hashesNames ? [['hashknownhosts', ['yes']]] : []);
    let names: Promise<boolean | undefined> | undefined;
    return {
      all: (keyword) => values.get(keyword) ?? [],
      first: (keyword) => values.get(keyword)?.[0],
      place: (keyword) => survey.places(keyword).slice(0, 3).join(', ') || 'in an included file',
      namesLocalUser: () => {
        names ??= namesLocalUser(query, survey);
        return names;
      },
    };
  };
  return {
    lookup: (query) =>
      kept(hosts, JSON.stringify([query.file, query.address, query.port, query.user]), () => find(query)),
    warn,
  };
}

/** A line that only OpenSSH can read may lead to a command too. */
function warnOfCommands({ commands, notRead }: ConfigSurvey, warn: (text: string) => void): void {
  const result = 'does not run its command here and does not match: a run may reach hosts in another way';
  if (commands.length > 0) warn(`Match exec (${commands.slice(0, 3).join(', ')}) ${result}`);
  if (notRead.length > 0) warn(`Match exec in an included file (${notRead.slice(0, 3).join(', ')}) ${result}`);
}

/** The value under the key, or a new one. */
function kept<Key, Value>(all: Map<Key, Promise<Value>>, key: Key, begin: () => Promise<Value>): Promise<Value> {
  const before = all.get(key);
  if (before !== undefined) return before;
  const begun = begin();
  all.set(key, begun);
  return begun;
}
