"""Makes the load: the seam `Engine`, the native implementation of it, and the generator's own health."""
