/** Names of hosts, groups, pools and gateway groups. */
export const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
export const NAME_RULE =
  'a name is made of letters, digits, ".", "_" and "-", and begins and ends with a letter or digit';
