import { z } from 'zod';

// By default zod compiles a parser of its own for each schema, and here most see a handful of values: a tenth of a short
// run's processor time. Must come before any schema is made.
z.config({ jitless: true });
