/**
 * Terminal sequences: CSI, then strings that end (OSC, DCS and their like), then short ones. No part of one can hold the
 * character that begins another, so that a text is searched once, whatever it is made of.
 */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;

/** A text without terminal sequences. Of one that does not end, what follows its first characters stays. */
export const stripEscapes = (text: string): string => text.replace(SEQUENCES, '');
