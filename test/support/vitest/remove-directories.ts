import { afterAll } from 'vitest';
import { removeTemporaryDirectories } from '../base/temporary-directory.ts';

/** Runs before every test file, so that its hook is the last one after the file. */
afterAll(() => removeTemporaryDirectories());
