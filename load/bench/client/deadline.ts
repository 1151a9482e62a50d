/** Resolves with `done`, or rejects with what `describe` says when that takes longer than `millis`. */
export async function withDeadline(done: Promise<void>, describe: () => string, millis = 10_000): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), millis)
  })
  try {
    await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
