/** What bounds the fills of paper accounts, as a person reads it with the outcome of a recording. */

/** One line for each bound; `shares` has the part of a bar's volume by account, a fraction or `off`. */
export function fillLines(shares: ReadonlyMap<string, string>): string[] {
  const accounts = new Map<string, string[]>();
  for (const [account, share] of shares) accounts.set(share, [...(accounts.get(share) ?? []), account]);
  return [...accounts].map(([share, names]) => {
    const bound = share === 'off' ? 'fills whatever the volume of a bar' : `fills at most ${share} of a bar's volume`;
    return `${bound} (maxVolumeShare): ${names.join(', ')}`;
  });
}
