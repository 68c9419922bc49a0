import { Writable } from 'node:stream';

const ESCAPE = '\u001b';
const SEQUENCE = new RegExp(`^${ESCAPE}\\[([?0-9;]*)([a-zA-Z])$`);
const TOKEN = new RegExp(`${ESCAPE}\\[[?0-9;]*[a-zA-Z]|\r|\n|[^${ESCAPE}\r\n]+|${ESCAPE}`, 'g');

/**
 * A terminal for tests: it runs the renderer's output (text, line ends, cursor up and down, erase line) and keeps every row,
 * including scrolled ones. Any other sequence is an error.
 */
export class Terminal extends Writable {
  readonly isTTY = true;
  readonly rows: number;
  readonly columns: number;
  readonly all: string[] = [''];
  writes = 0;
  bytes = 0;
  cursorHidden = false;
  /** Frames begun: only a painted screen has them. */
  frames = 0;
  #row = 0;
  #column = 0;

  constructor(rows: number, columns: number) {
    super({ decodeStrings: false });
    this.rows = rows;
    this.columns = columns;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = chunk.toString();
    this.writes++;
    this.bytes += text.length;
    for (const [token] of text.matchAll(TOKEN)) this.#take(token);
    done();
  }

  /** The visible rows. */
  get screen(): readonly string[] {
    return this.all.slice(-this.rows);
  }

  #take(token: string): void {
    const [, amount = '', kind = ''] = SEQUENCE.exec(token) ?? [];
    if (token === '\n') this.#down();
    else if (token === '\r' || kind === 'G') this.#column = 0;
    else if (kind === 'A') this.#up(Number(amount || 1));
    else if (kind === 'B') this.#row += Number(amount || 1);
    else if (kind === 'K')
      this.all[this.#row] = amount === '2' ? '' : (this.all[this.#row] ?? '').slice(0, this.#column);
    else if (amount === '?25') this.cursorHidden = kind === 'l';
    else if (amount === '?2026') this.frames += kind === 'h' ? 1 : 0;
    else if (kind !== 'm') this.#print(token);
  }

  #print(text: string): void {
    if (text.startsWith(ESCAPE)) throw new Error(`this terminal does not know ${JSON.stringify(text)}`);
    for (const char of text) {
      if (this.#column >= this.columns) this.#down();
      const row = (this.all[this.#row] ?? '').padEnd(this.#column);
      this.all[this.#row] = row.slice(0, this.#column) + char + row.slice(this.#column + 1);
      this.#column++;
    }
  }

  /** A real terminal in cooked mode: a line end also returns the carriage. */
  #down(): void {
    this.#row++;
    this.#column = 0;
    while (this.all.length <= this.#row) this.all.push('');
  }

  /** The cursor cannot leave the screen: an attempt would break it. */
  #up(amount: number): void {
    const top = Math.max(0, this.all.length - this.rows);
    if (this.#row - amount < top) throw new Error('the cursor would leave the screen');
    this.#row -= amount;
  }
}
