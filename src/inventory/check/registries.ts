import { registryOf } from '../../core/base/registry-of.ts';
import type { Problem } from '../problem.ts';
import { fieldsOf, isBlock, listOf, valueIn } from './loose.ts';

const addressOf = (prefix: string): string => registryOf(`${prefix}/any`);

/** Logins are complete, registries are unique, and no mirror is its own registry. */
export function checkRegistries(file: ReadonlyMap<string, unknown>): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  for (const [name, value] of fieldsOf(valueIn(file, ['api7', 'registries']))) {
    const path = ['api7', 'registries', name];
    const at = (keys: readonly (string | number)[], message: string, where: Problem['at'] = 'key') =>
      problems.push({ path: [...path, ...keys], at: where, message });
    const address = addressOf(name);
    const twin = seen.get(address);
    if (twin !== undefined) at([], `the same registry as "${twin}"; keep one of the two`);
    seen.set(address, name);
    if (!isBlock(value)) continue;
    const fields = fieldsOf(value);
    const given = ['username', 'password'].filter((field) => fields.has(field));
    if (given.length === 0 && !fields.has('mirrors'))
      at([], 'a registry needs a login (username and password), mirrors, or both');
    if (given.length === 1) at([], `a login also needs ${given[0] === 'username' ? 'password' : 'username'}`);
    for (const [index, mirror] of listOf(fields.get('mirrors')).entries())
      if (typeof mirror === 'string' && addressOf(mirror) === address && !mirror.includes('/'))
        at(['mirrors', index], 'a registry is no mirror of itself', 'value');
  }
  return problems;
}
