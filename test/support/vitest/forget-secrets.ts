import { forgetSecrets } from '../../../src/core/base/secret.ts';

/** Runs before every test file of a project whose files share their processes. */
forgetSecrets();
