/** A bar of `width` cells for a share of 0 to 1. Full only when it is all done. */
export function bar(share: number, width: number): string {
  const bounded = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  const filled = bounded === 1 ? width : Math.min(width - 1, Math.floor(bounded * width));
  return "█".repeat(Math.max(0, filled)) + "░".repeat(Math.max(0, width - filled));
}
