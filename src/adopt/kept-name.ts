const INFIX = '.adopted-';

/** Name under which the container that was taken over stays. @example keptName('api7-gateway', '20261129-101530-k3f9') */
export const keptName = (container: string, run: string): string => `${container}${INFIX}${run}`;

/** The container that took over from one of this name, and in which run; undefined for any other name. */
export function keptFor(name: string): { readonly container: string; readonly run: string } | undefined {
  const at = name.indexOf(INFIX);
  if (at <= 0 || at + INFIX.length === name.length) return undefined;
  return { container: name.slice(0, at), run: name.slice(at + INFIX.length) };
}
