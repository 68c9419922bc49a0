import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OrchError } from '../../../core/base/errors.ts';
import { listAt } from '../../../core/base/list-at.ts';
import { configSources, configText } from './config-files.ts';
import { jumpLoop } from './jump-hosts.ts';
import type { ConfigSurvey } from './survey.ts';

/** The query for the configuration: the name as on ssh's command line. */
export interface ConfigQuery {
  /** Replaces the user's and the system's configuration; `none`: no configuration. */
  readonly file?: string;
  readonly address: string;
  /** Given elsewhere already, so that conditions on them apply. */
  readonly port?: number;
  readonly user?: string;
}

/** How OpenSSH's client is called. */
export interface AskOptions {
  readonly survey: ConfigSurvey;
  /** `false`: a `Match exec` runs no command and does not match. */
  readonly runsCommands: boolean;
}

/** Settings by lower-case name, each with its values; tokens such as `%h` are not expanded. */
export type ConfigValues = ReadonlyMap<string, readonly string[]>;

/** A `Match exec` may take time. */
const LIMIT_MS = 30_000;

let defaults: Promise<ReadonlyMap<string, readonly string[]>> | undefined;

/**
 * OpenSSH's own settings for a host, without the values that apply without any configuration.
 *
 * @throws OrchError CONNECT_CONFIG_UNSUPPORTED | CONNECT_CONFIG_INVALID | CONNECT_JUMP_LOOP
 */
export async function askOpenSsh(query: ConfigQuery, options: AskOptions): Promise<ConfigValues> {
  defaults ??= dump({ file: 'none', address: 'host.invalid' }, options);
  defaults.catch(() => {
    defaults = undefined;
  });
  const said = await dump(query, options);
  const byDefault = await defaults;
  const own = [...said].filter(([keyword, values]) =>
    keyword === 'hostname'
      ? values[0] !== query.address.toLowerCase()
      : values.join('\n') !== byDefault.get(keyword)?.join('\n'),
  );
  return new Map(own.map(([keyword, values]) => [keyword, isPathList(keyword) ? values.flatMap(paths) : values]));
}

/** A fallback user added to the query: any other user in the answer comes from the configuration. */
const NOBODY = 'api7-orch-nobody-is-named';

/**
 * Whether OpenSSH's configuration has a `User` for a host. Without one OpenSSH reports the local user's name, but not
 * if a fallback is added below all other lines. `undefined` if OpenSSH gives no answer.
 */
export async function askForUser(query: ConfigQuery, options: AskOptions): Promise<boolean | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'api7-orch-')).catch(() => undefined);
  if (directory === undefined) return undefined;
  try {
    const texts = await Promise.all(configSources(query.file).map(configText));
    // A user may be set only in the second reading. Do not cause a second reading where there is none: it matches other
    // names.
    const last = `Match ${options.survey.readTwice ? 'final ' : ''}all\nUser ${NOBODY}\n`;
    const file = join(directory, 'config');
    await writeFile(file, [...texts.map((text) => text ?? ''), last].join('\nMatch all\n'));
    const said = await dump({ ...query, file }, options);
    return said.get('user')?.[0] !== NOBODY;
  } catch {
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const isPathList = (keyword: string): boolean => /^(user|global)knownhostsfile$/.test(keyword);

/** Printed without quotes: a word that begins no path belongs to the previous path. */
const paths = (line: string): readonly string[] => line.split(/ (?=[/~%$]|none$)/);

/** ssh runs `Match exec` with the program in SHELL: use one that fails whatever its arguments are. */
const noShell = (): string => ['/bin/false', '/usr/bin/false'].find(existsSync) ?? '/dev/null';

async function dump(query: ConfigQuery, { survey, runsCommands }: AskOptions): Promise<Map<string, string[]>> {
  const { file, address, port, user } = query;
  const args = [
    ...['-T', '-G'],
    ...(file === undefined ? [] : ['-F', file]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...['--', address],
  ];
  const limits = { timeout: LIMIT_MS, maxBuffer: 1024 * 1024 };
  const options = runsCommands ? limits : { ...limits, env: { ...process.env, SHELL: noShell() } };
  const printed = await new Promise<string>((resolve, reject) => {
    const child = execFile('ssh', args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT' || error.code === 'EACCES') reject(missing(survey, error));
      else if (/No user exists for uid/.test(stderr)) reject(nameless(survey, error));
      else if (/jumphost loop/i.test(stderr))
        reject(jumpLoop(`the ssh configuration makes ${address} its own jump host`, address));
      else
        reject(
          invalid(
            address,
            error.killed ? `no response within ${LIMIT_MS / 1000} s` : stderr.trim() || error.message,
            error,
          ),
        );
    });
    child.stdin?.end();
  });
  const lines = new Map<string, string[]>();
  for (const line of printed.split('\n')) {
    const [, keyword, value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) listAt(lines, keyword).push(value);
  }
  return lines;
}

const missing = (survey: ConfigSurvey, cause: unknown): OrchError =>
  unreadable('there is no ssh program in PATH', 'install the OpenSSH client', survey, cause);

const nameless = (survey: ConfigSurvey, cause: unknown): OrchError =>
  unreadable(
    `ssh does not run for uid ${process.getuid?.()}, which has no name`,
    'run api7-orch as a user of /etc/passwd',
    survey,
    cause,
  );

const unreadable = (why: string, remedy: string, survey: ConfigSurvey, cause: unknown): OrchError => {
  const places = survey.places();
  const more = places.length > 3 ? ` and ${places.length - 3} more lines` : '';
  return new OrchError(
    'CONNECT_CONFIG_UNSUPPORTED',
    `OpenSSH's configuration has settings that only ssh can interpret (${places.slice(0, 3).join(', ')}${more}), and ${why}`,
    { hint: `${remedy}, or set "config: none" under ssh in the inventory and put the settings there`, cause },
  );
};

const invalid = (address: string, details: string, cause: unknown): OrchError =>
  new OrchError('CONNECT_CONFIG_INVALID', `ssh cannot make sense of its configuration for ${address}`, {
    details,
    hint: `try: ssh -G ${address}; or leave it out by "config: none" under ssh in the inventory`,
    cause,
  });
