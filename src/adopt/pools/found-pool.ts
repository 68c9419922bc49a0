/** A host that balancers may know as a member. */
export interface Node {
  readonly name: string;
  readonly address: string;
}

/** Members that one balancer host sends requests to, on one port. */
export interface FoundPool {
  /** Host of the balancer. */
  readonly host: string;
  /** As `load_balancers` of the inventory has it. */
  readonly driver:
    | { readonly driver: 'haproxy'; readonly socket: string }
    | { readonly driver: 'nginx'; readonly include: string };
  /** Names of hosts, in the order of the inventory. */
  readonly members: readonly string[];
  readonly port: number;
}

/** The pools of the nodes on a balancer host. */
export interface FoundPools {
  readonly pools: readonly FoundPool[];
  /** What could not be taken as it is, for people. Holds words of the host. */
  readonly notes: readonly string[];
}
