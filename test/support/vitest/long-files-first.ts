import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, the longest first; each starts a lab of its own. */
const LONG = ['lab/faults-nodes', 'lab/faults-around', 'lab/rolling', 'lab/cluster'];

/**
 * Starts the long files of the lab first, then the wire tests, which mostly wait, then the other files of the lab. So few labs are up at
 * the same time, the processors have work while a lab waits, and no long file begins when the others are nearly done.
 */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rank(a) - rank(b));
  }
}

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

function rank({ moduleId, project }: TestSpecification): number {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  if (at !== -1) return at;
  return project.name === 'lab' ? LONG.length + 1 : LONG.length;
}
