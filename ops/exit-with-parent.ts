// Loaded first (`node --import`) into every process that the supervisor starts: when the supervisor is gone, even by a
// kill -9, the channel to it closes, and the process ends as if it had been asked to, with all that it has started.
const graceMs = 10_000

process.once('disconnect', () => {
  // It leads a process group of its own: whatever it leaves in there ends with it.
  process.once('exit', endGroup)
  setTimeout(endGroup, graceMs).unref()
  if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(1)
})
// Waiting for the supervisor's end must not keep a finished process alive.
process.channel?.unref()

function endGroup(): void {
  process.kill(-process.pid, 'SIGKILL')
}
