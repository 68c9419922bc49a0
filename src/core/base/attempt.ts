/** What `read` returns; undefined where it throws, whatever it throws: a text nested deep enough exhausts the stack. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
