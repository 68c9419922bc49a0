import { block, list, named, taggedSecret, text } from './fields.ts';
import { registryCheck } from './formats.ts';

/** A registry in the naming of image references: `docker.io` is the default one. */
const REGISTRY = /^(?=localhost$|.*[.:])(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d+)?$/;

export const registries = named(
  'Logins and mirrors of registries, by address as images name it: `registry.example.com:5000`, or `docker.io`.',
  REGISTRY,
  'a registry is written host[:port], without scheme and path; a name without a dot needs its port: harbor:443',
  block(
    {
      username: text('User to log in as.').optional(),
      password: taggedSecret('Password or access token of that user, by `!env` or `!file`.').optional(),
      mirrors: list(
        'Copies of this registry, tried in this order before it. One that wants a login has an entry of its own.',
        text('`host[:port][/path]`; the path of the image follows.', registryCheck),
      ).optional(),
    },
    'Login or mirrors of a registry, or both.',
  ),
);
