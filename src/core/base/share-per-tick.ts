/**
 * Lets questions that are asked in the same tick under one key share one answer. A question of a later tick, or one that
 * comes after the answer, is asked anew: by then something may have been written.
 *
 * @example const ask = joined<string>(); await Promise.all([ask('a', fetchA), ask('a', fetchA)]) // one fetchA
 */
export function sharePerTick<T>(): (key: string, ask: () => Promise<T>) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (key, ask) => {
    const same = asked.get(key);
    if (same !== undefined) return same;
    const answer = ask();
    const forget = (): void => {
      if (asked.get(key) === answer) asked.delete(key);
    };
    asked.set(key, answer);
    setImmediate(forget);
    answer.then(forget, forget);
    return answer;
  };
}
