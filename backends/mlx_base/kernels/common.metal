// Shared by every kernel. Arithmetic is float32 whatever the arrays hold.

inline float sigmoid_of(float x) { return 1.0f / (1.0f + metal::exp(-x)); }

inline float silu_of(float x) { return x * sigmoid_of(x); }

// log(1 + exp(x)). Metal has no log1p; dividing by the rounded argument restores
// the digits that 1 + e loses.
inline float softplus_of(float x) {
  float e = metal::exp(-metal::fabs(x));
  float u = 1.0f + e;
  float log1p = u == 1.0f ? e : metal::log(u) * e / (u - 1.0f);
  return metal::max(x, 0.0f) + log1p;
}

// The sum over a threadgroup, for all of its threads; every thread must come here.
// `scratch` holds one float for each SIMD-group.
inline float threadgroup_sum(
    float value, threadgroup float* scratch, uint lane, uint group, uint groups) {
  value = simd_sum(value);
  // Somebody may still read the sum before this one.
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane == 0) {
    scratch[group] = value;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = 0.0f;
  for (uint i = 0; i < groups; i++) {
    total += scratch[i];
  }
  return total;
}
