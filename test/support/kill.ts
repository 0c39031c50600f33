/** kill -9 of one process. Without a pid it throws: pid 0 would be the whole group of the tests themselves. */
export function kill(pid: number | null | undefined): void {
  if (!pid) throw new Error("there is no process to kill");
  process.kill(pid, "SIGKILL");
}
