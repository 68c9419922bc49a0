import { leavesNothing } from '../../core/base/errors.ts';

/** What the writes of one program have done to its host so far. */
export class MadeChanges {
  /** A write was made, or begun. */
  touched = false;
  /** A change that can interrupt traffic was made, or begun. */
  disturbed = false;

  /**
   * Makes one write. `aboutToStop`: asked right before it stops a service; if that is refused, the service still runs.
   */
  async during(
    isDisruptive: boolean,
    aboutToStop: () => Promise<void>,
    write: (aboutToStop: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { touched, disturbed } = this;
    let isRefused = false;
    this.touched = true;
    this.disturbed ||= isDisruptive;
    try {
      await write(async () => {
        isRefused = true;
        await aboutToStop();
        isRefused = false;
      });
    } catch (error) {
      this.touched = touched || !leavesNothing(error);
      if (isRefused || leavesNothing(error)) this.disturbed = disturbed;
      throw error;
    }
  }
}
