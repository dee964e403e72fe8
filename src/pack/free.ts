/**
 * Frees a buffer that nobody will read again, at once. The garbage collector does not feel the weight of buffers until
 * hundreds of megabytes of them have piled up: the chunks of one download, the weights of the part before.
 */
export function free({ buffer }: { readonly buffer: ArrayBuffer }): void {
  // Moving the bytes out and dropping them is the one way to let go of them. Browsers before 2024 leave it to the collector.
  if ('transfer' in buffer) buffer.transfer(0);
}
