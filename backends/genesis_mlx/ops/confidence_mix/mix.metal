// Metacognition's mixture. A threadgroup is one token t of one sequence b; it adds up
// the confidence of the tokens before it by itself.
//   c_t = sigmoid(logit_t);  share_t = STRENGTH (C + c_1 + .. + c_t) / (offset + t)
//   mixed_t = share_t adapted_t + (1 - share_t) x_t
//   surprise_t = mean((expected_t - adapted_t)^2)
// x, adapted, expected [B, L, D], logit [B, L], confidence_sum [B] float32.
// sizes[0] is L, offset[0] the tokens before; strength[1].
threadgroup float scratch[32];
uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint t = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint length = uint(sizes[0]);
uint row = (b * length + t) * D;

float part = 0.0f;
for (uint s = tid; s <= t; s += THREADS) {
  part += sigmoid_of(static_cast<float>(logit[b * length + s]));
}
float sum = threadgroup_sum(part, scratch, lane, group, THREADS / 32);
sum += confidence_sum[b];
float mean = strength[0] * sum / float(uint(offset[0]) + t + 1u);
// What the mixture is rounded to in the dtype of x, as the operations round it.
float mixing = static_cast<float>(static_cast<T>(mean));

float squares = 0.0f;
for (uint i = tid; i < D; i += THREADS) {
  float ours = static_cast<float>(adapted[row + i]);
  float difference = static_cast<float>(expected[row + i]) - ours;
  squares += difference * difference;
  float value = mixing * ours + (1.0f - mixing) * static_cast<float>(x[row + i]);
  mixed[row + i] = static_cast<T>(value);
}
squares = threadgroup_sum(squares, scratch, lane, group, THREADS / 32);
if (tid == 0) {
  surprise[b * length + t] = squares / float(D);
  confidence[b * length + t] = sigmoid_of(static_cast<float>(logit[b * length + t]));
  share[b * length + t] = mean;
  if (t == length - 1) {
    confidence_sum_out[b] = sum;
  }
}
