import { Writable } from 'node:stream';

/** A stream that is no terminal and records its input. */
export class TextStream extends Writable {
  text = '';
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void = () => {}) {
    super({ decodeStrings: false });
    this.#onText = onText;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.#onText(chunk.toString());
    done();
  }
}
