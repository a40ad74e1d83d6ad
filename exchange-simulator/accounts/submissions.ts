/** One attempt to place an order, as the exchange saw it. */
export interface Submission {
  readonly at: number;
  readonly account: number;
  readonly symbol: string;
  readonly clientId: string;
  /** `late`: outside of its own validity. `duplicate`: its client id was in use. */
  readonly outcome: 'accepted' | 'duplicate' | 'late' | 'refused';
  readonly orderId?: number;
}

/** All attempts to place orders: what an oracle asks whether anything was sent twice or late. */
export class Submissions {
  readonly all: Submission[] = [];

  add(submission: Submission): void {
    this.all.push(submission);
  }

  count(outcome: Submission['outcome']): number {
    return this.all.filter((submission) => submission.outcome === outcome).length;
  }

  /** Client ids of an account that were accepted more than once: each is an order that was sent twice. */
  acceptedTwice(): string[] {
    const seen = new Map<string, number>();
    for (const { account, clientId, outcome } of this.all) {
      if (outcome === 'accepted') seen.set(`${account} ${clientId}`, (seen.get(`${account} ${clientId}`) ?? 0) + 1);
    }
    return [...seen].filter(([, times]) => times > 1).map(([key]) => key.slice(key.indexOf(' ') + 1));
  }
}
