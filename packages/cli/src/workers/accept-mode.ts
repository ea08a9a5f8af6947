/**
 * Whether each worker can open the port by itself, with the kernel sharing out connections (SO_REUSEPORT), instead of
 * the primary accepting for all of them.
 *
 * Node knows `reusePort` since 22.12 and 23.1 and says nothing when an older one is given it; other systems than these
 * refuse it or do not share out connections evenly.
 */
export function canReusePort(version: string = process.versions.node, platform: string = process.platform): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isKnown = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  return isKnown && (platform === 'linux' || platform === 'freebsd');
}
