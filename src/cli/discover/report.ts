import type { ErrorInfo } from '../../core/event/event.ts';

/** What becomes of a service when the cluster is adopted. */
export type Verdict = 'adoptable' | 'refused' | 'managed';

/** Why a container is refused. */
export interface ShownRefusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A service of API7 that runs on a host. */
export interface ShownService {
  readonly service: 'dashboard' | 'dp_manager' | 'gateway';
  readonly container: string;
  readonly id: string;
  readonly image: string;
  readonly version: string | null;
  readonly uid: string | null;
  readonly verdict: Verdict;
  readonly refusals: readonly ShownRefusal[];
  /** ISO time; `null`: not readable. */
  readonly certificates: readonly { readonly place: string; readonly validTo: string | null }[];
}

export interface ShownHost {
  readonly host: string;
  /** It could not be asked. */
  readonly error?: ErrorInfo;
  readonly services: readonly ShownService[];
  /** A load balancer of the cluster runs there. */
  readonly balances: boolean;
  /** Containers of such images that are none of the services. */
  readonly aside: readonly { readonly container: string; readonly why: string }[];
}

/** `discover -o json`, as docs/adopting.md describes it: fields are added to it, never taken away. */
export interface DiscoverReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly hosts: readonly ShownHost[];
  readonly pools: readonly {
    readonly name: string;
    readonly hosts: string;
    readonly members: string;
    readonly port: number;
  }[];
  /** Findings without a place in the inventory. */
  readonly notes: readonly string[];
  /** Set with `--out`: the inventory, the directory of its secrets, and what is wrong with it, line by line. */
  readonly written?: {
    readonly inventory: string;
    readonly secrets: string | null;
    readonly problems: readonly string[];
  };
}

/** Whether everything that was found can be adopted. */
export const isAdoptable = ({ hosts, written }: DiscoverReport): boolean =>
  hosts.every(({ error, services }) => error === undefined && services.every(({ verdict }) => verdict !== 'refused')) &&
  (written?.problems ?? []).length === 0;
