import type { z } from 'zod';
import type { Plays } from './play.ts';

interface PlaybookContext<V, I> {
  readonly vars: V;
  readonly inventory: I;
}

/** A named list of plays over an inventory of type `I`. */
export interface Playbook<P extends z.ZodType = z.ZodType, I = unknown> {
  readonly name: string;
  readonly description: string;
  /** Schema of the variables set by `-e key=value`. */
  readonly vars?: P;
  plays(context: PlaybookContext<z.output<P>, I>): Plays;
}
