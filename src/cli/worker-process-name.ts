/** The name by which `postern start --workers` runs this program for each worker. */
export const workerProcessName = 'worker-process'
