import { engine } from '../hosts/engine.ts';
import { label, owner } from './labels.ts';
import { reserveLab } from './reserve-lab.ts';

// A test runs this in a process of its own: it reserves the lab of a directory, for an owner or for itself, and ends.
const [directory = '', by = await owner(process.pid)] = process.argv.slice(2);
const marks = { [label.directory]: directory, [label.owner]: by };
await reserveLab(await engine(), directory, {}, marks);
