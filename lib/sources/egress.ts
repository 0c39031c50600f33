import { lookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { SensorloopError } from "../domain/errors.ts";

/** Addresses of this machine, of private and shared networks, of documentation and of groups (IANA special-purpose registries). */
const FORBIDDEN: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["::", 128],
  ["::1", 128],
  // Translations of IPv4 addresses, which would lead round the list above.
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
];
const forbidden = new BlockList();
for (const [network, prefix] of FORBIDDEN) forbidden.addSubnet(network, prefix, network.includes(":") ? "ipv6" : "ipv4");

/** Whether an address belongs to the public internet; IPv4 written as IPv6 counts as what it is. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !forbidden.check(address, family === 6 ? "ipv6" : "ipv4");
}

/**
 * An address as it may be shown and kept: where it leads, without user, query and fragment, which are keys as often as not.
 * What cannot be read as an address is not shown at all.
 */
export function publicText(address: string): string {
  const url = URL.parse(address);
  if (!url) return "the address";
  return url.host === "" ? url.protocol : `${url.protocol}//${url.host}${url.pathname}`;
}

export type AddressRule = (address: string) => boolean;
/** Asks for the addresses of a name. */
export type Resolver = (
  host: string,
  options: LookupAllOptions,
  answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The one way out: https, no credentials in the address, and no host that is written as an address we refuse. Names are
 * checked when they are resolved, see `checkedLookup`.
 * @throws SensorloopError EGRESS_REFUSED
 */
export function checkUrl(text: string, permitted: AddressRule = isPublicAddress): URL {
  const url = URL.parse(text);
  if (!url) throw refused("it is not an address", publicText(text));
  if (url.protocol !== "https:") throw refused(`'${url.protocol}' is not https`, publicText(text));
  if (url.username || url.password) throw refused("credentials do not belong into an address", url.origin);
  // The URL parser has brought 0x7f.1, 2130706433 and their like to dotted form by now.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) && !permitted(host)) throw refused(`'${host}' is not a public address`, url.origin);
  return url;
}

/**
 * A resolver for sockets that refuses a name when any of its addresses is refused. The connection goes to the very
 * address that was checked, so that a name that changes its answer between check and use gains nothing.
 */
export function checkedLookup(permitted: AddressRule = isPublicAddress, resolve: Resolver = lookup): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, "");
      const bad = addresses.find(({ address }) => !permitted(address));
      if (bad || addresses.length === 0)
        return callback(refused(`'${host}' resolves to '${bad?.address ?? "nothing"}', which is not a public address`, host), "");
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

function refused(why: string, url: string): SensorloopError {
  return new SensorloopError("EGRESS_REFUSED", `nothing is fetched from there: ${why}`, { facts: { url: url.slice(0, 300) } });
}
