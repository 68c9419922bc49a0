/** How many hosts: a number, or a share of the play's hosts. A share rounds down, but never to none. */
export type Count = number | `${number}%`;
