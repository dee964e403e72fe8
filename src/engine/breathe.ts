/**
 * Lets messages that wait for this thread be delivered: without it a worker that computes step after step would hear
 * of a cancelled job only after its last step. Timers would do, but browsers delay nested ones by 4 ms.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
