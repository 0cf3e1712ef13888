"""Models of mlx-lm, whatever their family, through mlx-lm's own modules and caches."""
