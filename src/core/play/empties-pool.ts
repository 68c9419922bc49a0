interface Leaving<T> {
  leaves(member: T): boolean;
  /** It gets requests now. */
  serves(member: T): boolean;
  /** It can take the requests of the others; default: it serves. */
  takesOver?(member: T): boolean;
  /** So many leave together; default: all that leave. */
  readonly atOnce?: number;
}

/**
 * Whether members that leave a pool leave nobody behind who takes its requests. A pool that nobody leaves who serves is not
 * emptied by that.
 *
 * @example emptiesPool(['gw-1', 'gw-2'], { leaves: (node) => node === 'gw-1', serves: () => true }) // false
 */
export function emptiesPool<T>(
  members: readonly T[],
  { leaves, serves, takesOver = serves, atOnce = Number.POSITIVE_INFINITY }: Leaving<T>,
): boolean {
  const leaving = members.filter((member) => leaves(member) && serves(member)).length;
  const stays = members.some((member) => !leaves(member) && takesOver(member));
  return leaving > 0 && leaving <= atOnce && !stays;
}
