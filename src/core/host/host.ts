/** A host of the inventory as playbooks see it. */
export interface Host {
  readonly name: string;
  /** Address at which the cluster's other members and the load balancer reach it. */
  readonly address: string;
  readonly zone?: string;
  readonly groups: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
}
