/** A line for the one stream or the other, without its end. */
export interface Line {
  readonly to: 'out' | 'err';
  readonly text: string;
}
