import { codeOf } from '../../core/base/errors.ts';

/**
 * Whether a Node error means that the file does not exist, also below a home that is no directory, such as /dev/null.
 */
export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
