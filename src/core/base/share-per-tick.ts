/**
 * Lets requests of the same tick and key share one answer. A request in a later tick, or after the answer, asks again:
 * a write may have happened in between.
 *
 * @example const ask = sharePerTick<string>(); await Promise.all([ask('a', fetchA), ask('a', fetchA)]) // one fetchA
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
