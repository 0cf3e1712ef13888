// The gated delta rule over many tokens. A SIMD-group is one column of the state of
// one head h of one sequence b: its lanes share the DK rows, PER each, in registers.
//
//   R = exp(g) S;  S' = R + k (beta (v - k R))^T;  o = DK^-0.5 q S'
//
// q [B, L, H, DK], k [B, L, HK, DK], v [B, L, HK, DV], log_decay, beta [B, L, H],
// state [B, H, DK, DV] float32; out [B, L, H, DV] float32. sizes[0] is L.
constexpr uint PER = (DK + 31) / 32;
uint lane = thread_index_in_simdgroup;
uint column = threadgroup_position_in_grid.x * (THREADS / 32) +
              simdgroup_index_in_threadgroup;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint hk = h % HK;
uint length = uint(sizes[0]);
uint state_at = (b * H + h) * DK * DV + column;

// All lanes of a SIMD-group go the same way here.
if (column < DV) {
  float s[PER];
  for (uint e = 0; e < PER; e++) {
    uint i = lane + 32 * e;
    s[e] = i < DK ? state[state_at + i * DV] : 0.0f;
  }
  for (uint t = 0; t < length; t++) {
    uint token = b * length + t;
    float decay = metal::exp(log_decay[token * H + h]);
    float key[PER];
    float predicted = 0.0f;
    for (uint e = 0; e < PER; e++) {
      uint i = lane + 32 * e;
      key[e] = i < DK ? static_cast<float>(k[(token * HK + hk) * DK + i]) : 0.0f;
      s[e] *= decay;
      predicted += key[e] * s[e];
    }
    predicted = simd_sum(predicted);
    float error = static_cast<float>(v[(token * HK + hk) * DV + column]) - predicted;
    float step = beta[token * H + h] * error;
    float read = 0.0f;
    for (uint e = 0; e < PER; e++) {
      uint i = lane + 32 * e;
      s[e] += key[e] * step;
      read += i < DK ? static_cast<float>(q[(token * H + h) * DK + i]) * s[e] : 0.0f;
    }
    read = simd_sum(read);
    if (lane == 0) {
      out[(token * H + h) * DV + column] = read * metal::rsqrt(float(DK));
    }
  }
  for (uint e = 0; e < PER; e++) {
    uint i = lane + 32 * e;
    if (i < DK) {
      state_out[state_at + i * DV] = s[e];
    }
  }
}
