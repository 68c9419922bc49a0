import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the longest first; each starts a lab of its own. */
const LONG = ['lab/rolling', 'lab/faults-nodes', 'lab/faults-around', 'lab/cluster'];

/** Starts the long files first, so that short ones fill the gaps and no long one begins near the end. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return at === -1 ? LONG.length : at;
}
