/** Titles of tasks as the engine has them, and the words for the screen. Events and journals keep the titles. */
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
 * What a task is about, in words.
 *
 * @example taskWords('yamlFile /opt/api7/config.yaml') // 'file /opt/api7/config.yaml'
 */
export function taskWords(title: string): string {
  const rule = WORDS.find(([pattern]) => pattern.test(title));
  return rule === undefined ? title : title.replace(rule[0], rule[1]).replace(' (image )', '');
}

/** Notes of tasks name other tasks by their titles. */
export const noteWords = (note: string): string => {
  const [, title] = /^after (.+)$/.exec(note) ?? [];
  return title === undefined ? note : `depends on ${taskWords(title)}`;
};

/** Where and of what a balancer's settings were changed. */
export interface MemberChange {
  readonly pool: string;
  readonly node: string;
  readonly balancer: string;
}

/** The drain or the restore of a node that a title tells of; nothing for other titles. */
export function memberChange(title: string): MemberChange | undefined {
  const [, pool, node, balancer] = /^(\S+): (\S+) is (?:drained|closed|restored) \(on (\S+)\)$/.exec(title) ?? [];
  return pool === undefined || node === undefined || balancer === undefined ? undefined : { pool, node, balancer };
}
