import type { ConnectionLedger } from './connection-ledger.js';

/** Which of several equal gateways this one is. */
export interface GatewayMember {
  /** From 0 to `size - 1`. */
  readonly index: number;
  /** At least 1. */
  readonly size: number;
  /** Random text that only the members know: signs what a client carries from one of them to another. */
  readonly secret?: string;
}

/** What the other members of a group carry on one endpoint of one pool. */
export interface LoadShare {
  /** Leases that the others hold, as last heard: read whenever a policy looks at the endpoint. */
  readonly foreign: number;
  /** Tells the others how many leases this member holds now. Called with each lease and release: no I/O, no throw. */
  report(own: number): void;
  /** The endpoint or its pool is gone: this member holds nothing there any more. Idempotent; later reports say nothing. */
  close(): void;
}

/** Where the members of a group tell each other what they carry. Approximate: word takes its time. */
export interface LoadBoard {
  /**
   * Opens the share of one endpoint.
   * @param pool The same text for the same route, service and balancing options in every member.
   * @param endpoint `host:port`
   */
  open(pool: string, endpoint: string): LoadShare;
}

/** One pool's way to the same pool in the other members. */
export interface NoteChannel {
  /** Tells all others, who may already know. No I/O, no throw. Word takes its time, and may be lost on the way. */
  tell(note: string): void;
  /** Nothing is told or heard any more. Idempotent. */
  close(): void;
}

/** Where the policies of the members tell each other what they learned: which endpoint a session belongs to. */
export interface NoteBoard {
  /**
   * Opens the way of one pool.
   * @param pool The same text for the same route, service and balancing options in every member.
   * @param heard Called with each note of another member, in the order of that member's telling.
   */
  open(pool: string, heard: (note: string) => void): NoteChannel;
}

/**
 * Several gateways, in processes of their own, that serve the same clients with the same configuration: what makes
 * them count and balance as one. Given to `createGateway` by whoever runs them (`ocelot run --workers`).
 */
export interface GatewayGroup {
  readonly member: GatewayMember;
  /** Grants places under `MaxConnections` and `MaxConnectionsPerIp` for all members together. */
  readonly ledger: ConnectionLedger;
  readonly loads: LoadBoard;
  /** Absent: members learn nothing of each other's clients. */
  readonly notes?: NoteBoard;
}
