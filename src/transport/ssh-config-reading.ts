import { userInfo } from 'node:os';
import type { Line } from 'ssh-config';
import { OrchError } from '../core/errors.ts';
import { type ConfigSource, configSources, configText, DEEPEST_INCLUDE, includedFiles } from './ssh-config-files.ts';
import type { ConfigQuery, ConfigValues } from './ssh-config-openssh.ts';
import { fitsPatterns } from './ssh-config-patterns.ts';
import { RESPECTED } from './ssh-config-survey.ts';
import { expandTokens } from './ssh-config-tokens.ts';

/**
 * Works the configuration out where OpenSSH's client is not installed: `Host`, `Include`, and `Match` by `all`, `host`,
 * `originalhost`, `user` and `localuser`. No command is ever run and no name looked up; what would need it is told.
 *
 * @throws OrchError CONNECT_CONFIG_INVALID | CONNECT_CONFIG_UNREADABLE
 */
export async function readOpenSshConfig(query: ConfigQuery, warn: (text: string) => void): Promise<ConfigValues> {
  const { parse } = await import('ssh-config');
  const values = new Map<string, readonly string[]>();
  const localUser = localUserName();

  const set = (keyword: string, words: readonly string[]): void => {
    const before = values.get(keyword);
    if (keyword === 'identityfile' || keyword === 'certificatefile')
      values.set(keyword, [...new Set([...(before ?? []), ...words])]);
    else if (before !== undefined) return;
    // Whichever of the two comes first holds, and "none" of a jump leaves a command its chance.
    else if (keyword === 'proxyjump' && values.has('proxycommand')) return;
    else if (keyword === 'proxycommand' && (values.get('proxyjump') ?? ['none'])[0] !== 'none') return;
    else values.set(keyword, keyword === 'proxycommand' ? [words.join(' ')] : words);
  };
  const user = (): string => query.user ?? values.get('user')?.[0] ?? localUser;
  const host = (): string => hostName(values.get('hostname')?.[0], query.address);

  const matches = (words: readonly string[], source: ConfigSource): boolean => {
    const left = [...words];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
      const [, not, name = ''] = /^(!?)(.*)$/.exec(word.toLowerCase()) ?? [];
      if (name === 'all') continue;
      const subject = { host, originalhost: () => query.address, user, localuser: () => localUser }[name];
      if (subject === undefined) {
        warn(
          `${source.path}: "Match ${name}" is understood by OpenSSH's client only, which is not installed: what stands under it is left out`,
        );
        return false;
      }
      // Here names of hosts are the same in either case; those of a `Host` line are not.
      const folded = (text: string): string => (name.endsWith('host') ? text.toLowerCase() : text);
      const fits = fitsPatterns(folded(left.shift() ?? '').split(','), folded(subject()));
      if (fits === (not === '!')) return false;
    }
    return true;
  };
  const walk = async (lines: readonly Line[], source: ConfigSource, active: boolean, depth: number): Promise<void> => {
    for (const line of lines) {
      if (!('param' in line) || typeof line.param !== 'string') continue;
      // The parser takes the next line for the value of one that has none.
      if (line.param.includes('\n')) throw invalid(source.path, `${line.param.trim()} has no value`);
      const keyword = line.param.toLowerCase();
      const written = Array.isArray(line.value) ? line.value.map(({ val }) => val) : [line.value];
      const words = /^(match|include)$/.test(keyword) ? written : written.map(unquoted);
      if ('config' in line) {
        const applies = active && (keyword === 'host' ? fitsPatterns(words, query.address) : matches(words, source));
        await walk(line.config, source, applies, depth);
      } else if (keyword === 'include') {
        const beyond = (word: string): void => {
          if (active)
            warn(
              `${source.path}: "Include ${word}" is understood by OpenSSH's client only, which is not installed: it is left out`,
            );
        };
        for (const included of await includedFiles(words, source, beyond)) await visit(included, active, depth + 1);
      } else if (active && (RESPECTED.has(keyword) || keyword === 'hashknownhosts')) {
        if (words.every((word) => word === '')) throw invalid(source.path, `${line.param} has no value`);
        if (keyword === 'port' && !isPort(words[0] ?? ''))
          throw invalid(source.path, `Port ${words[0]} is no number from 1 to 65535`);
        set(keyword, words);
      }
    }
  };
  const visit = async (source: ConfigSource, active: boolean, depth: number): Promise<void> => {
    if (depth > DEEPEST_INCLUDE) throw invalid(source.path, 'files include each other too deeply');
    const text = await configText(source);
    if (text === undefined) return;
    let lines: readonly Line[];
    try {
      lines = parse(text);
    } catch (error) {
      throw invalid(source.path, error instanceof Error ? error.message : String(error));
    }
    await walk(lines, source, active, depth);
  };

  for (const source of configSources(query.file)) await visit(source, true, 0);
  if (/^(yes|always|true)$/i.test(values.get('canonicalizehostname')?.[0] ?? 'no'))
    warn(
      `CanonicalizeHostname is understood by OpenSSH's client only, which is not installed: ${query.address} is taken as it stands`,
    );
  if (values.has('hostname')) values.set('hostname', [host()]);
  if (values.get('proxyjump')?.[0] === 'none') values.delete('proxyjump');
  if (values.get('proxycommand')?.[0] === 'none') values.delete('proxycommand');
  return values;
}

/** The parser knows double quotes only. So does OpenSSH in a Match; and an Include with others is passed over. */
const unquoted = (word: string): string => word.replace(/^'([^']*)'$/, '$1');

const isPort = (word: string): boolean => /^\d+$/.test(word) && Number(word) > 0 && Number(word) < 65_536;

const hostName = (configured: string | undefined, address: string): string =>
  (configured === undefined ? address : expandTokens(configured, { h: address })).toLowerCase();

const invalid = (path: string, why: string): OrchError =>
  new OrchError('CONNECT_CONFIG_INVALID', `the ssh configuration ${path} cannot be read: ${why}`, {
    hint: 'correct it, or leave it out by "config: none" under ssh in the inventory',
  });

/** Empty where this runs under a uid that has no name. */
export function localUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
