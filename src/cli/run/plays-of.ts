import { z } from 'zod';
import { typedLine } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Plays } from '../../core/play/play.ts';
import type { Playbook } from '../../core/play/playbook.ts';
import { suggestion } from '../../inventory/did-you-mean.ts';
import type { Inventory } from '../../inventory/inventory.ts';

type Values = Readonly<Record<string, unknown>>;

export interface ReadyPlaybook {
  /** Its plays, made anew. */
  plays(): Plays;
  /** The command that goes on where this run ends early: the same one, with what was found out only when it began. */
  goOn(words: readonly string[]): string;
}

/**
 * A playbook with its variables, checked. What it does not declare belongs to the inventory, unless it says that it has no
 * others (`z.strictObject`): then a word mistyped is refused, and not passed over.
 *
 * @throws OrchError EXTRA_VARS
 */
export function playsOf(playbook: Playbook<never, Inventory>, inventory: Inventory, given: Values): ReadyPlaybook {
  const schema: z.ZodType = playbook.vars ?? z.object({});
  const vars = valuesOf(playbook.name, schema, given);
  return {
    // zod has just checked it against the playbook's own schema.
    plays: () => playbook.plays({ vars: vars as never, inventory }),
    goOn: (words) => {
      // A default that is another one by now was this run's own: the time at which it began.
      const later = valuesOf(playbook.name, schema, given);
      const found = Object.keys(vars).filter((key) => typeof vars[key] === 'string' && vars[key] !== later[key]);
      const more = found.flatMap((key) => ['-e', `${key}=${vars[key]}`]);
      return typedLine(['api7-orch', ...shown(words, new Set(Object.keys(vars))), ...more]);
    },
  };
}

function valuesOf(name: string, schema: z.ZodType, given: Values): Values {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data as Values;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const issues = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `it has no variable "${key}"${suggestion(key, known)}`)
      : [`${issue.path.join('.')}: ${issue.message}`],
  );
  throw new OrchError('EXTRA_VARS', `playbook "${name}": ${issues.join('; ')}`, { hint: 'set them with -e key=value' });
}

/** Values for the inventory may be secrets: they are not repeated. */
function shown(words: readonly string[], declared: ReadonlySet<string>): readonly string[] {
  return words.map((word, i) => {
    const before = words[i - 1];
    if (before !== '-e' && before !== '--extra-vars') return word;
    const key = word.split('=', 1)[0] ?? '';
    if (declared.has(key)) return word;
    return word.startsWith('{') ? '…' : `${key}=…`;
  });
}
