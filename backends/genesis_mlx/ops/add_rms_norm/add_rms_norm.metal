// The residual sum and the norm that reads it. A threadgroup is one row of D.
//   total = x + delta;  normed = total / sqrt(mean(total^2) + eps) (OFFSET + gain)
// x, delta [rows, D], gain [D], eps[1].
threadgroup float scratch[32];
uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint row = threadgroup_position_in_grid.y * D;

float squares = 0.0f;
for (uint i = tid; i < D; i += THREADS) {
  float sum = static_cast<float>(x[row + i]) + static_cast<float>(delta[row + i]);
  T rounded = static_cast<T>(sum);
  total[row + i] = rounded;
  squares += static_cast<float>(rounded) * static_cast<float>(rounded);
}
squares = threadgroup_sum(squares, scratch, lane, group, THREADS / 32);
float inverse = metal::rsqrt(squares / float(D) + eps[0]);
// A thread reads back only what it wrote itself.
for (uint i = tid; i < D; i += THREADS) {
  float weight = float(OFFSET) + static_cast<float>(gain[i]);
  normed[row + i] = static_cast<T>(static_cast<float>(total[row + i]) * inverse * weight);
}
