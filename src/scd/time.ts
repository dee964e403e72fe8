/** diffusers' sinusoidal embedding of a time step, as its Timesteps module computes it. */
export function timeEmbedding(
  timestep: number,
  channels: number,
  config: { readonly flip_sin_to_cos: boolean; readonly freq_shift: number },
): Float32Array<ArrayBuffer> {
  const half = Math.floor(channels / 2);
  const embedding = new Float32Array(channels);
  const [sines, cosines] = config.flip_sin_to_cos ? [half, 0] : [0, half];
  for (let i = 0; i < half; i++) {
    const angle = timestep * Math.exp((-Math.log(10_000) * i) / (half - config.freq_shift));
    embedding[sines + i] = Math.sin(angle);
    embedding[cosines + i] = Math.cos(angle);
  }
  return embedding;
}
