import { expose } from 'comlink';

/** A worker as far as its page can see, on a channel of this process. */
export class ChannelWorker extends EventTarget {
  readonly #inside: MessagePort;
  readonly #outside: MessagePort;
  isTerminated = false;

  constructor(service: object) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#inside = port1;
    this.#outside = port2;
    expose(service, this.#inside);
    this.#outside.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }));
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#outside.postMessage(message, transfer);
  }

  terminate(): void {
    this.isTerminated = true;
    this.#inside.close();
    this.#outside.close();
  }
}
