// Test-time training's fast weights. A thread is one channel of one sequence and
// walks through the tokens, keeping the sum of gradients in a register.
//   out_t = y0_t - h_t rate G_t / (1 + 0.1 ln t);  G_{t+1} = G_t + h_t (y0_t - h_t)
// h, y0 [B, L, D], rate [D], gradient_sum [B, D] float32; sizes[0] is L, offset[0] the tokens before.
uint channel = thread_position_in_grid.x;
uint b = threadgroup_position_in_grid.z;
uint length = uint(sizes[0]);
if (channel < D) {
  float sum = gradient_sum[b * D + channel];
  float speed = static_cast<float>(rate[channel]);
  for (uint t = 0; t < length; t++) {
    uint at = (b * length + t) * D + channel;
    float input = static_cast<float>(h[at]);
    float guess = static_cast<float>(y0[at]);
    float damping = 1.0f + 0.1f * metal::log(float(uint(offset[0]) + t + 1u));
    out[at] = guess - input * speed * sum / damping;
    sum += input * (guess - input);
  }
  gradient_sum_out[b * D + channel] = sum;
}
