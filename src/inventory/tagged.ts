/** A `!env NAME` or `!file path` scalar. `text` is its value, once read. */
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

/** The text of a tag at a position that is not secret; any other value unchanged. */
export const opened = (value: unknown): unknown => (value instanceof Tagged ? value.text : value);
