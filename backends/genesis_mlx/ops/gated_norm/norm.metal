// The norm of each head of a mixer's output, and its gate. A threadgroup is one token t
// of one sequence b; each SIMD-group takes every GROUPS-th head.
//   y = out / sqrt(mean(out^2) + eps) gain silu(gate)
// out [B, L, H, DV] float32, gain [DV], eps[1]. proj [B, L, ROW]: the gate is its last
// H DV numbers. sizes[0] is L.
constexpr uint GROUPS = THREADS / 32;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint token = threadgroup_position_in_grid.z * uint(sizes[0]) +
             threadgroup_position_in_grid.y;

for (uint head = group; head < H; head += GROUPS) {
  uint at = (token * H + head) * DV;
  float squares = 0.0f;
  for (uint i = lane; i < DV; i += 32) {
    squares += out[at + i] * out[at + i];
  }
  float inverse = metal::rsqrt(simd_sum(squares) / float(DV) + eps[0]);
  for (uint i = lane; i < DV; i += 32) {
    float gate = static_cast<float>(proj[token * ROW + ROW - H * DV + head * DV + i]);
    float normed = out[at + i] * inverse * static_cast<float>(gain[i]);
    y[at + i] = static_cast<T>(normed * silu_of(gate));
  }
}
