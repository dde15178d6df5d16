/** The promise's outcome, or the error of `late` if it takes longer than `ms` milliseconds. What it does after that is its own affair. */
export async function withTimeLimit<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  // Whichever loses the race may still reject later, with nobody listening.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
