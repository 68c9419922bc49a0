/** A `!env NAME` or `!file path` scalar. `text` is what it stands for, once it has been read. */
export class Tagged {
  readonly kind: 'env' | 'file';
  readonly argument: string;
  readonly text: string | undefined;

  constructor(kind: 'env' | 'file', argument: string, text?: string) {
    this.kind = kind;
    this.argument = argument;
    this.text = text;
  }
}

/** The text behind a tag at a place that is not secret; any other value as it is. */
export const opened = (value: unknown): unknown => (value instanceof Tagged ? value.text : value);
