"""What mlx-lm's caches can do, by the names of their classes."""

# Classes that were seen to be copied, written and read back without a change in
# any logit, over the small configurations of the supported families.
KNOWN = frozenset(
    {
        "ArraysCache",
        "CacheList",
        "ChunkedKVCache",
        "KVCache",
        "QuantizedKVCache",
        "RotatingKVCache",
    }
)
# Of these, those whose tokens can always be taken back; a full window loses them.
TRIMMABLE = frozenset({"CacheList", "KVCache", "QuantizedKVCache"})
