/** Task titles of the engine, and their words on screen. Events and journals keep the titles. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^yamlFile (?=\/)/, 'file '],
  [/^httpReady (?=http)/, 'health check '],
  [/^portsFree (?=\d)/, 'free ports '],
  [/^hostLimits(?= |$)/, 'host limits'],
  [/^(?:restarted|started|stopped) (?=\S)/, 'container '],
  [
    /^(?:\S*\/)?([^\s/]+) is accepted by (?:\S*\/)?[^\s/:]+(?::([^\s@]+))?\S*$/,
    'config check result for $1 (image $2)',
  ],
  [/^(\S+): \S+ is in service \(on (\S+)\)$/, 'in service in $1 on $2'],
];

/**
 * The task's object in words.
 *
 * @example taskWords('yamlFile /opt/api7/config.yaml') // 'file /opt/api7/config.yaml'
 */
export function taskWords(title: string): string {
  const rule = WORDS.find(([pattern]) => pattern.test(title));
  return rule === undefined ? title : title.replace(rule[0], rule[1]).replace(' (image )', '');
}

/** The note of a task in parentheses, or nothing. Notes name other tasks by their titles. */
export function noteWords(note: string | undefined): string {
  if (note === undefined) return '';
  const [, title] = /^after (.+)$/.exec(note) ?? [];
  return ` (${title === undefined ? note : `depends on ${taskWords(title)}`})`;
}

/** The balancer and node of a change of settings. */
export interface MemberChange {
  readonly pool: string;
  readonly node: string;
  readonly balancer: string;
}

/** The drain or restore in a task's title; undefined for other titles. */
export function memberChange(title: string): MemberChange | undefined {
  const [, pool, node, balancer] =
    /^(\S+): (\S+) (?:is (?:drained|closed|restored)|has a lease) \(on (\S+)\)$/.exec(title) ?? [];
  return pool === undefined || node === undefined || balancer === undefined ? undefined : { pool, node, balancer };
}
