import { z } from 'zod';

// By default zod compiles a parser for each schema, and most schemas here see only a few values: that took a tenth of a
// short run's processor time. Must run before any schema is made.
z.config({ jitless: true });
