/** The result of `read`; undefined if it throws anything. A deeply nested text exhausts the stack, for example. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
