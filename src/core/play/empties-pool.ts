interface Leaving<T> {
  leaves(member: T): boolean;
  /** Whether the member gets requests now. */
  serves(member: T): boolean;
  /** Whether the member can take over requests of the others; default: `serves`. */
  takesOver?(member: T): boolean;
  /** How many leave together; default: all that leave. */
  readonly atOnce?: number;
}

/**
 * Whether the leaving members leave the pool without a member that takes its requests. False if no leaving member
 * serves.
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
