/** A fresh id in the form of `idSchema`. `crypto.randomUUID` would need https; this works on a plain-http address of a LAN too. */
export function newId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return `${prefix}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
