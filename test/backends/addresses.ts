/**
 * From the address of a backend that others use as well, as the environment gives it or as `host:port`, to what is one
 * run's alone there. Credentials and options stay as they are.
 */

/** A database of that name, with `more` options (`name=value&...`) as well. */
export function databaseAt(address: string, database: string, more = ''): string {
  const whole = address.includes('://') ? address : `mongodb://${address}`;
  const [, server = '', known, query = ''] = /^([^/]+:\/\/[^/?]+)(?:\/([^?]*))?(\?.*)?$/.exec(whole) ?? [];
  // Users of an address with a database are looked up there, unless it says where.
  const source = server.includes('@') && !/[?&]authSource=/i.test(query) ? `authSource=${known || 'admin'}` : '';
  const options = [query.slice(1), source, more].filter((text) => text !== '').join('&');
  return `${server}/${database}${options === '' ? '' : `?${options}`}`;
}

/**
 * Topics of that prefix, with those options before the address's own, an empty one in place of it; of how many partitions
 * is never the address's to say.
 */
export function topicsAt(address: string, prefix: string, options: Readonly<Record<string, string>> = {}): string {
  const [, scheme = 'kafka://', brokers = '', query = ''] = /^(kafka(?:\+ssl)?:\/\/)?([^?]*?)\/?(?:\?(.*))?$/.exec(address) ?? [];
  const all = new URLSearchParams(query);
  all.delete('partitions');
  for (const [name, value] of Object.entries({ prefix, ...options })) {
    if (value === '') all.delete(name);
    else all.set(name, value);
  }
  return `${scheme}${brokers}?${all}`;
}

/** For people: where it is and what it names there, without credentials and options. */
export function shown(address: string): string {
  return address
    .replace(/^[^:]+:\/\//, '')
    .replace(/^.*@/, '')
    .replace(/\/?\?.*$/, '');
}
